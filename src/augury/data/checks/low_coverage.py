"""LOW_COVERAGE: at most 1 % of the bars and 5 % of a column are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.data.checks._sessions import missing_bars
from augury.data.findings import WARNING, CheckContext, Finding

BARS: Final = 0.01
COLUMN: Final = 0.05
COLUMNS: Final = ("open", "high", "low", "close", "volume", "adj_close")


@dataclass(frozen=True)
class LowCoverage:
    """What is mostly absent cannot be learned from, and is not made up."""

    code: str = "LOW_COVERAGE"
    severity: str = WARNING
    ordered: bool = True

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Count missing bars by the calendar, and nulls in each column that has values at all."""
        found = []
        if context.calendar is not None and context.timeframe is not None:
            for row in missing_bars(frame, context.calendar, context.timeframe).iter_rows(named=True):
                if row["missing"] > BARS * row["expected"]:
                    share = row["missing"] / row["expected"]
                    message = f"{row['symbol']}: {share:.1%} of the bars are missing ({self.code})"
                    found.append(
                        Finding(
                            self.code, self.severity, row["symbol"], row["missing"], row["after"], message, context.fix
                        )
                    )
        for name in (column for column in COLUMNS if column in frame.columns):
            nulls = frame[name].null_count()
            if COLUMN * frame.height < nulls < frame.height:
                message = f"{context.origin}: {nulls / frame.height:.1%} of {name} is missing ({self.code})"
                first = frame.filter(pl.col(name).is_null())["ts"][0]
                found.append(Finding(self.code, self.severity, "", nulls, first, message, context.fix))
        return found


CHECK = LowCoverage()
