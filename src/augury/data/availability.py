"""Which bars are known at a moment: a bar is available at its close, never before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import UsageError
from augury.data.calendar import market_calendar

_SURELY_CLOSED: Final = timedelta(days=15)
"""No bar, weekly ones included, takes longer than this to close."""


def closed(bars: Bars, now: datetime, grace_minutes: int = 0) -> Bars:
    """Drop the bars that have not closed at ``now``.

    Parameters
    ----------
    bars : Bars
        Of any timeframe; their own calendar decides.
    now : datetime
        The present moment, with its time zone.
    grace_minutes : int
        How long after its close a bar may still be corrected by the vendor; it counts as known only
        after that. Default 0; larger is safer and later.

    Raises
    ------
    UsageError
        ``now`` has no time zone, the grace is negative, or a recent bar lies on no session.

    Examples
    --------
    >>> from datetime import UTC
    >>> from augury.data.sources import SOURCES
    >>> bars = SOURCES.load("arch").load(["^GSPC"])
    >>> closed(bars, datetime(2018, 12, 31, 20, 59, tzinfo=UTC)).frame["ts"].max().date().isoformat()
    '2018-12-28'
    """
    if now.tzinfo is None or grace_minutes < 0:
        raise UsageError(f"now={now.isoformat()} needs a time zone and grace_minutes={grace_minutes} must be >= 0")
    moment = now - timedelta(minutes=grace_minutes)
    recent = pl.col("ts").is_between(moment - _SURELY_CLOSED, moment)
    calendar = market_calendar(bars.calendar)
    forming = [
        ts
        for ts in bars.frame.filter(recent)["ts"].unique().sort().to_list()
        if bars.timeframe.closes_at(ts, calendar) > moment
    ]
    late = pl.col("ts") > moment
    if forming:
        late = late | pl.col("ts").is_in(forming)
    return bars.with_frame(bars.frame.filter(~late))
