"""Navigation: where pages are, in the order people use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation.

    Parameters
    ----------
    path : str
    word : str
    icon : str
        A macro of ``parts/icons.html``.
    scope : str
        Who sees it.
    says : str
        What is there, for the search.
    """

    path: str
    word: str
    icon: str
    scope: str = "read"
    says: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """Places that belong together."""

    word: str
    places: tuple[Place, ...]


AREAS: Final = (
    Area("Forecasts", (
        Place("/", "Overview", "overview", says="what was forecast last, and how good forecasts were"),
        Place("/symbols", "Symbols", "symbols", says="bars, fans, consensus and the ledger of a symbol"),
        Place("/watchlist", "Watchlist", "watchlist", says="the symbols you follow"),
        Place("/portfolio", "Portfolio", "portfolio", says="paper positions at ledger valuation"),
    )),
    Area("Evidence", (
        Place("/models", "Models", "models", says="versions, comparison, promotion, rollback"),
        Place("/proof", "Proof", "proof", says="gates, audit, calibration, trials"),
        Place("/drift", "Drift and data", "drift", says="levels per cell, data health, gaps"),
        Place("/backtests", "Backtests", "backtests", says="what forecasts would have earned after costs"),
    )),
    Area("Work", (
        Place("/runs", "Runs", "runs", says="jobs with their progress, sweeps"),
        Place("/developer", "Developer", "developer", says="keys, usage, webhooks, quick start"),
        Place("/settings", "Settings", "settings", says="theme, preset, password, sessions"),
    )),
)  # fmt: skip
NAVIGATION: Final = tuple(place for area in AREAS for place in area.places)
THUMB: Final = tuple(place for place in NAVIGATION if place.path in ("/", "/symbols", "/watchlist", "/models"))
"""The four a thumb reaches on a phone; the rest is behind "More"."""


def here(path: str, place: Place) -> bool:
    """Whether an address lies in a place.

    Examples
    --------
    >>> here("/symbols/AAPL", NAVIGATION[1]), here("/symbols", NAVIGATION[0])
    (True, False)
    """
    return path == place.path or (place.path != "/" and path.startswith(f"{place.path}/"))
