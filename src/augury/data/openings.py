"""When bars open: the grid of a timeframe on a calendar."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from augury.core.timeframe import Timeframe
from augury.data.calendar import LAST_KNOWN, market_calendar

_DAYS_A_YEAR: Final = 366


def opening_times(timeframe: Timeframe, calendar: str, start: datetime, n: int) -> list[datetime]:
    """Return when the first ``n`` bars on or after a day open, UTC.

    Parameters
    ----------
    timeframe : Timeframe
        d1 gives sessions, w1 the first session of each week; intraday bars count from the session's
        open, the last one may be shorter.
    calendar : str
        Name of the market's calendar.
    start : datetime
        The first day looked at.
    n : int
        How many, at least 1.

    Examples
    --------
    >>> from datetime import UTC
    >>> [t.day for t in opening_times(Timeframe.W1, "XNYS", datetime(2018, 12, 24, tzinfo=UTC), 3)]
    [24, 31, 7]
    """
    span = timedelta(days=_DAYS_A_YEAR)
    found = pl.Series(dtype=pl.Datetime("us", "UTC"))
    # A week that began before the start is not the first bar: its first session would be missed.
    first = start.date() - timedelta(days=start.weekday())
    while found.len() < n:
        last = min(start.date() + span, LAST_KNOWN)
        found = _grid(timeframe, market_calendar(calendar).schedule(first, last))
        found = found.filter(found >= start)
        span = span * 2 if found.is_empty() else span * (1.1 * n / found.len()) + timedelta(days=14)
        if last == LAST_KNOWN and found.len() < n:
            market_calendar(calendar).is_session(start + span)  # says by itself where the calendar ends
    return list(found.head(n).to_list())


def _grid(timeframe: Timeframe, schedule: pl.DataFrame) -> pl.Series:
    if timeframe is Timeframe.D1:
        return schedule["session"]
    if timeframe is Timeframe.W1:
        weeks = schedule.group_by(pl.col("session").dt.truncate("1w"), maintain_order=True)
        return weeks.agg(pl.col("session").first().alias("first"))["first"]
    step = f"{timeframe.minutes}m"
    grid = pl.datetime_ranges("opens_at", "closes_at", interval=step, closed="left")
    return schedule.select(grid.alias("ts")).explode("ts")["ts"]
