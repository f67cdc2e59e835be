"""LOW_COVERAGE: at most 1 % of the bars and 5 % of a column are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.data.checks._sessions import missing_bars
from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, of_symbol

BARS: Final = 0.01
COLUMN: Final = 0.05
COLUMNS: Final = ("open", "high", "low", "close", "volume", "adj_close")


@dataclass(frozen=True)
class LowCoverage:
    """What is mostly absent cannot be learned from, and is not made up."""

    code: str = "LOW_COVERAGE"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Count missing bars by the calendar, and nulls in each column that has values at all."""
        return [*self._bars(view, context), *self._columns(view.frame, context)]

    def _bars(self, view: BarsView, context: CheckContext) -> list[Finding]:
        if context.calendar is None or context.timeframe is None:
            return []
        found = missing_bars(view, context.calendar, context.timeframe)
        return [
            of_symbol(self, context, symbol, missing, after, f"{missing / expected:.1%} of the bars are missing")
            for symbol, expected, missing, _, after in found.rows()
            if missing > BARS * expected
        ]

    def _columns(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        found = []
        for name in (column for column in COLUMNS if column in frame.columns):
            nulls = frame[name].null_count()
            if COLUMN * frame.height < nulls < frame.height:
                first = frame.filter(pl.col(name).is_null())["ts"][0]
                text = f"{nulls / frame.height:.1%} of {name} is missing"
                found.append(of_symbol(self, context, "", nulls, first, text))
        return found


CHECK = LowCoverage()
