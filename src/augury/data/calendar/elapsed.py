"""Market time: how long a market was open between two moments."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from augury.core.errors import UsageError
from augury.data.calendar.market import market_calendar


def open_minutes(calendar: str, start: datetime, end: datetime) -> float:
    """Minutes for which a market was open from ``start`` to ``end``; lunch breaks count as closed.

    Parameters
    ----------
    calendar : str
        Name of the market's calendar.
    start, end : datetime
        With their time zones.

    Raises
    ------
    UsageError
        ``end`` lies before ``start``.

    Examples
    --------
    >>> from datetime import UTC
    >>> friday, monday = datetime(2026, 11, 13, 20, tzinfo=UTC), datetime(2026, 11, 16, 15, 30, tzinfo=UTC)
    >>> open_minutes("XNYS", friday, monday)
    120.0
    """
    if end < start:
        raise UsageError(f"{end} lies before {start}: no time has passed")
    day = timedelta(days=1)  # a session may open on the UTC day before its date
    table = market_calendar(calendar).schedule(start - day, end + day)
    low, high = pl.lit(start), pl.lit(end)

    def overlap(first: str, last: str) -> pl.Expr:
        return (pl.min_horizontal(pl.col(last), high) - pl.max_horizontal(pl.col(first), low)).dt.total_microseconds()

    whole = overlap("opens_at", "closes_at").clip(0)
    pause = pl.when(pl.col("break_starts_at").is_not_null()).then(overlap("break_starts_at", "break_ends_at").clip(0))
    found = table.select((whole - pl.coalesce(pause, 0)).sum()).item()
    return float(found) / 60e6
