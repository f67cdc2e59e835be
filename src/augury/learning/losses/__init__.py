"""Losses, one a file: ``losses/<name>.py`` defines ``LOSS``, a subclass of :class:`Loss`.

Three shapes, from the general to the special:

- :class:`Loss`: settings that survive JSON, the unit of the targets it expects, ``forward``;
- :class:`DayLoss`: measured on each day by itself, masked, then averaged over days; only those go into
  a panel;
- :class:`Combined`: several of those, each with a weight.

``panel.py`` is the one entry for a cross-section: it weighs terms by name and horizons by length.
"""

from augury.core.extras import package_folder

package_folder("torch", extra="deep")

from augury.learning.losses._base import UNITS, Loss  # noqa: E402
from augury.learning.losses._days import Combined, DayLoss, Rows  # noqa: E402
from augury.learning.losses._registry import (  # noqa: E402
    LOSSES,
    build,
    get_custom_objects,
    register_custom_objects,
)

__all__ = [
    "LOSSES",
    "UNITS",
    "Combined",
    "DayLoss",
    "Loss",
    "Rows",
    "build",
    "get_custom_objects",
    "register_custom_objects",
]
