"""models: features become forecasts. Reads no database and knows no job.

Three catalogues live here. Adding a member, a baseline or a weight rule is adding one file to its
folder; the contract tests find it by its name:

- ``tabular/<name>.py`` defines ``MEMBER``, a class of the shape :class:`augury.core.protocols.Member`;
- ``baseline/<name>.py`` defines ``BASELINE``, a class of the shape :class:`augury.core.protocols.Baseline`;
- ``ensemble/weights/<name>.py`` defines ``RULE``, out-of-fold predictions and codes to weights.
"""

from typing import Final

from augury.core.catalog import Catalog
from augury.core.protocols import Baseline, Member

MEMBERS: Final = Catalog[type[Member]]("member", ("augury.models.tabular",), "MEMBER")
BASELINES: Final = Catalog[type[Baseline]]("baseline", ("augury.models.baseline",), "BASELINE")

__all__ = ["BASELINES", "MEMBERS"]
