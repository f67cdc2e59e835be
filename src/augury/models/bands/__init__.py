"""What gives bands their width from bar to bar; conformal factors on top hold every shape to its promise.

A new one is one file here that defines ``SHAPE``, a subclass of
:class:`augury.models.bands._shape.BandShape`; a recipe names it under ``bands``.
"""

from typing import Final

from augury.core.catalog import Catalog
from augury.models.bands._shape import BandShape, Spread

BAND_SHAPES: Final = Catalog[type[BandShape]]("band shape", ("augury.models.bands",), "SHAPE")

__all__ = ["BAND_SHAPES", "BandShape", "Spread"]
