"""OFF_SESSION: every bar lies on a session of the calendar."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from augury.data.calendar import FIRST_KNOWN, LAST_KNOWN
from augury.data.checks._sessions import sessions_of
from augury.data.findings import WARNING, CheckContext, Finding, by_symbol


@dataclass(frozen=True)
class OffSession:
    """A bar on a closed day is misdated, or the calendar is not this market's."""

    code: str = "OFF_SESSION"
    severity: str = WARNING
    ordered: bool = True

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Look each day up in the calendar."""
        if context.calendar is None or context.timeframe is None or frame.is_empty():
            return []
        in_known_years = pl.col("ts").dt.year().is_between(FIRST_KNOWN.year + 1, LAST_KNOWN.year - 1)
        days = frame.filter(in_known_years).select(pl.col("ts").dt.truncate("1d").alias("day")).unique()
        known = sessions_of(frame, context.calendar)
        closed = days.join(known, left_on="day", right_on="session", how="anti")["day"]
        bad = frame.filter(pl.col("ts").dt.truncate("1d").is_in(closed.implode()))
        name = context.calendar.name
        return by_symbol(self, bad, context, lambda _: f"{name} is closed on that day")


CHECK = OffSession()
