"""When bars open: the grid of a timeframe on a calendar.

Intraday bars count from the session's open and again from the end of a lunch break; the last bar before
a break or a close may be shorter. No bar spans a break.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import TIMESTAMP
from augury.core.timeframe import Timeframe
from augury.core.typing import Ints
from augury.data.calendar.market import LAST_KNOWN, market_calendar

_DAYS_A_YEAR: Final = 366
_MINUTE_US: Final = 60_000_000


def opening_times(timeframe: Timeframe, calendar: str, start: datetime, n: int) -> list[datetime]:
    """Return when the first ``n`` bars on or after a day open, UTC.

    Parameters
    ----------
    timeframe : Timeframe
        d1 gives sessions, w1 the first session of each week.
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
    found = pl.Series(dtype=TIMESTAMP)
    # A week that began before the start is not the first bar: its first session would be missed.
    first = start.date() - timedelta(days=start.weekday())
    while found.len() < n:
        last = min(start.date() + span, LAST_KNOWN)
        found = bar_opens(timeframe, calendar, first, last)["ts"]
        found = found.filter(found >= start)
        span = span * 2 if found.is_empty() else span * (1.1 * n / found.len()) + timedelta(days=14)
        if last == LAST_KNOWN and found.len() < n:
            market_calendar(calendar).is_session(start + span)  # says by itself where the calendar ends
    return list(found.head(n).to_list())


def bar_opens(timeframe: Timeframe, calendar: str, first: datetime | date, last: datetime | date) -> pl.DataFrame:
    """Return ``session, ts`` of every bar due in the sessions from ``first`` to ``last``, both included.

    Examples
    --------
    >>> bar_opens(Timeframe.H1, "XTKS", date(2024, 1, 4), date(2024, 1, 4))["ts"].dt.strftime("%H:%M").to_list()
    ['00:00', '01:00', '02:00', '03:30', '04:30', '05:30']
    >>> bar_opens(Timeframe.M15, "XNYS", date(2026, 11, 27), date(2026, 11, 27)).height
    14
    """
    schedule = market_calendar(calendar).schedule(first, last)
    if timeframe is Timeframe.D1:
        return schedule.select("session", pl.col("session").alias("ts"))
    if timeframe is Timeframe.W1:
        weeks = schedule.group_by(pl.col("session").dt.truncate("1w").alias("week"), maintain_order=True)
        return weeks.agg(pl.col("session").first()).select("session", pl.col("session").alias("ts"))
    names = ("session", "opens_at", "break_starts_at", "break_ends_at", "closes_at")
    table = schedule.with_columns(pl.col("break_starts_at", "break_ends_at").fill_null(pl.col("closes_at")))
    session, opens, pauses, resumes, closes = (table[name].to_physical().to_numpy() for name in names)
    # Each session is two stretches of trading; the second is empty without a break.
    starts, ends = np.stack([opens, resumes], axis=1).ravel(), np.stack([pauses, closes], axis=1).ravel()
    owner, ts = _steps(starts, ends, (timeframe.minutes or 1) * _MINUTE_US)
    return pl.DataFrame({"session": session[owner // 2], "ts": ts}).cast({"session": TIMESTAMP, "ts": TIMESTAMP})


def _steps(starts: Ints, ends: Ints, step: int) -> tuple[Ints, Ints]:
    """Number of the stretch and moment of every step inside the stretches."""
    counts = np.maximum(0, -((starts - ends) // step))
    owner = np.repeat(np.arange(len(starts)), counts)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    return owner, starts[owner] + rank * step
