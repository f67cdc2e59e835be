"""Which symbols are stored, and the clock of the market each is traded on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from augury.data.canonical.zones import zone_of
from augury.service.backend import Backend

_REMEMBERED_S: Final = 60.0
_PART: Final = "listings"


@dataclass(frozen=True, slots=True)
class Listing:
    """A stored symbol: its timeframes and the zone of its market's clock, empty where that has none."""

    symbol: str
    timeframes: tuple[str, ...]
    zone: str


def listings(backend: Backend) -> dict[str, Listing]:
    """Return every stored symbol by its name; looked up once a minute, without reading a bar."""
    kept: tuple[float, dict[str, Listing]] | None = backend.parts.get(_PART)
    if kept is not None and time.monotonic() - kept[0] < _REMEMBERED_S:
        return kept[1]
    found: dict[str, Listing] = {}
    for entry in backend.workspace.lake.entries():
        before = found[entry.symbol].timeframes if entry.symbol in found else ()
        found[entry.symbol] = Listing(
            entry.symbol, (*before, str(entry.timeframe)), zone_of(entry.calendar) or ""
        )  # fmt: skip
    backend.parts[_PART] = (time.monotonic(), found)
    return found


def exchange_zones(backend: Backend) -> dict[str, str]:
    """Return the zone of each stored symbol's market, e.g. ``America/New_York``."""
    return {symbol: listing.zone for symbol, listing in listings(backend).items() if listing.zone}
