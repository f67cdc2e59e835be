"""OFF_GRID: intraday bars open on the minutes of their timeframe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol

RARE: Final = 0.005
"""Share of bars on a minute of the hour below which that minute is no part of the grid."""
LEAST_BARS: Final = 200
_MINUTE_US: Final = 60_000_000


@dataclass(frozen=True)
class OffGrid:
    """A bar at an odd minute or second is of another length, or a tick among bars."""

    code: str = "OFF_GRID"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look for seconds, and for minutes of the hour on which hardly any bar opens."""
        if context.timeframe is None or context.timeframe.minutes is None:
            return []
        odd = view.micros % _MINUTE_US != 0
        if context.timeframe.minutes >= 5 and view.frame.height >= LEAST_BARS:
            minutes = (view.micros // _MINUTE_US) % 60
            share = np.bincount(minutes, minlength=60) / len(minutes)
            odd |= share[minutes] < RARE
        return by_symbol(self, view.rows(odd), context, _describe)


def _describe(row: dict[str, Any]) -> str:
    return f"opens at {row['ts']:%H:%M:%S}, beside the grid of the other bars"


CHECK = OffGrid()
