"""models: features become forecasts. Reads no database and knows no job.

Five catalogues live here. Adding a member, a baseline, a weight rule or a shape of bands is adding
one file to its folder; the contract tests find it by its name:

- ``tabular/<name>.py`` defines ``MEMBER``, a class of the shape :class:`augury.core.protocols.Member`;
- ``statistical/<name>.py`` defines ``MEMBER``, a subclass of :class:`augury.models.statistical.SeriesMember`;
  a recipe names it beside the tabular ones, and :mod:`augury.models.members` is the door to both;
- ``bands/<name>.py`` defines ``SHAPE``, a subclass of :class:`augury.models.bands.BandShape`;
- ``baseline/<name>.py`` defines ``BASELINE``, a class of the shape :class:`augury.core.protocols.Baseline`;
- ``ensemble/weights/<name>.py`` defines ``RULE``, out-of-fold predictions and codes to weights.
"""

from typing import Final

from augury.core.catalog import Catalog
from augury.core.protocols import Baseline, Member

MEMBERS: Final = Catalog[type[Member]]("member", ("augury.models.tabular",), "MEMBER")
BASELINES: Final = Catalog[type[Baseline]]("baseline", ("augury.models.baseline",), "BASELINE")

__all__ = ["BASELINES", "MEMBERS"]
