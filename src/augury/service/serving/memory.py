"""Memory that lasts: what was loaded to stay is not searched for garbage again and again."""

from __future__ import annotations

import gc
from typing import Final

GARBAGE: Final = (10_000, 20, 50)
"""New objects before a search for garbage, and how many of them come before one that looks at older objects too."""


def settle() -> None:
    """Take what is in memory now for lasting: the search for garbage passes over it.

    A whole search looks at every object of every loaded library, 0.1 s and more in the middle of somebody's answer.
    Called when the server has started, and after something large was loaded.
    """
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    gc.enable()
