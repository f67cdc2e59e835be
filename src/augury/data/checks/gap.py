"""GAP: no session is missing by the market's calendar."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from augury.core.clock import iso
from augury.data.checks._sessions import missing_bars
from augury.data.findings import WARNING, CheckContext, Finding


@dataclass(frozen=True)
class Gap:
    """Holidays, closures and half days are no gaps; a gap is never filled."""

    code: str = "GAP"
    severity: str = WARNING
    ordered: bool = True

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Compare the bars with the calendar between a symbol's first and last bar."""
        if context.calendar is None or context.timeframe is None:
            return []
        found = []
        for row in missing_bars(frame, context.calendar, context.timeframe).iter_rows(named=True):
            if row["missing"]:
                missing, after = row["missing"], iso(row["after"])
                message = f"{row['symbol']}: {missing} of {row['expected']} bars missing, first after {after}"
                found.append(
                    Finding(
                        self.code,
                        self.severity,
                        row["symbol"],
                        row["missing"],
                        row["after"],
                        f"{message} ({self.code})",
                        context.fix,
                    )
                )
        return found


CHECK = Gap()
