"""What scores rows as one and not the other; one file a body, each defines ``BODY``."""

from typing import Final

from augury.core.catalog import Catalog
from augury.models.signals.body import Body

BODIES: Final = Catalog[type[Body]]("signal body", ("augury.models.signals.bodies",), "BODY")

__all__ = ["BODIES"]
