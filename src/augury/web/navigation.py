"""The pages, in the order people walk them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation: its address, its word, and who sees it."""

    path: str
    word: str
    scope: str = "read"


NAVIGATION: Final = (
    Place("/", "Overview"),
    Place("/symbols", "Symbols"),
    Place("/models", "Models"),
    Place("/proof", "Proof"),
    Place("/runs", "Runs"),
    Place("/drift", "Drift and data"),
    Place("/backtests", "Backtests"),
    Place("/portfolio", "Portfolio"),
    Place("/watchlist", "Watchlist"),
    Place("/developer", "Developer"),
    Place("/settings", "Settings"),
)
