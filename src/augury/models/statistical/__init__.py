"""Members that read a series of closes instead of a matrix of features.

A new one is one file here that defines ``MEMBER``, a subclass of
:class:`augury.models.statistical._base.SeriesMember`. They stand in a catalogue of their own: what
they learn from is the order of the returns, which rows of features no longer hold.
"""

from typing import Final

from augury.core.catalog import Catalog
from augury.models.statistical._base import SeriesMember

SERIES_MEMBERS: Final = Catalog[type[SeriesMember]]("series member", ("augury.models.statistical",), "MEMBER")

__all__ = ["SERIES_MEMBERS", "SeriesMember"]
