"""Networks in plain PyTorch. Needs the extra ``deep``.

``networks/<name>.py`` defines ``NETWORK``, a class of the shape :class:`augury.models.deep.network.Network`; the
contract tests find it by the name of its file. ``blocks/`` holds what several networks are built from; the
estimators in ``windows/`` and ``panels/`` turn data into batches and answers into classes and scores.
"""

from typing import TYPE_CHECKING, Final

from augury.core.catalog import Catalog
from augury.core.extras import package_folder

package_folder("torch", extra="deep")

if TYPE_CHECKING:
    from augury.models.deep.network import Network

NETWORKS: "Final[Catalog[type[Network]]]" = Catalog("network", ("augury.models.deep.networks",), "NETWORK")

__all__ = ["NETWORKS"]
