"""COPIED_SERIES: no two symbols have the same prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, of_symbol

LEAST_BARS: Final = 30
LEAST_LEVELS: Final = 5
"""Different closes; constant series are alike without being copies."""


@dataclass(frozen=True)
class CopiedSeries:
    """Two names with the same closes are one series: a fallback that answered with another symbol's bars."""

    code: str = "COPIED_SERIES"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare the newest closes of all symbols, and the whole of those that agree there."""
        close, seen, found = view.column("close"), {}, []
        for begin, end in zip(view.starts.tolist(), view.ends.tolist(), strict=True):
            newest = close[max(begin, end - LEAST_BARS) : end]
            if len(newest) < LEAST_BARS or len(np.unique(newest)) < LEAST_LEVELS:
                continue
            key = newest.tobytes()
            if key not in seen:
                seen[key] = (begin, end)
                continue
            other, other_end = seen[key]
            size = min(end - begin, other_end - other)
            if np.array_equal(close[end - size : end], close[other_end - size : other_end]):
                text = f"{size} closes are those of {view.frame['symbol'][other]}"
                symbol, first = view.frame["symbol"][begin], view.frame["ts"][end - size]
                found.append(of_symbol(self, context, symbol, size, first, text))
        return found


CHECK = CopiedSeries()
