"""Which bars are known at a moment: a bar is available at its close, never before."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from augury.core.bars import TIMESTAMP, Bars
from augury.core.errors import UsageError
from augury.core.timeframe import Timeframe
from augury.data.calendar.market import market_calendar

_SURELY_CLOSED = timedelta(days=15)
"""No bar, weekly ones included, takes longer than this to close."""


def known_at(ts: pl.Series, timeframe: Timeframe, calendar: str) -> pl.Series:
    """Return when each bar is known, the whole column at once; equal to :meth:`Timeframe.closes_at`.

    Parameters
    ----------
    ts : pl.Series
        Opens of bars, UTC.
    timeframe : Timeframe
        Length of the bars.
    calendar : str
        Name of the market's calendar.

    Returns
    -------
    pl.Series
        Close of each bar; null for a d1 or w1 bar on no session.

    Examples
    --------
    >>> from datetime import UTC
    >>> ts = pl.Series([datetime(2026, 11, 27, 14, 30, tzinfo=UTC), datetime(2026, 11, 27, 17, 30, tzinfo=UTC)])
    >>> known_at(ts, Timeframe.H1, "XNYS").dt.strftime("%H:%M").to_list()
    ['15:30', '18:00']
    """
    market, ts = market_calendar(calendar), ts.cast(TIMESTAMP)
    if timeframe is Timeframe.D1:
        return market.closes_of(ts)
    if timeframe is Timeframe.W1:
        return market.closes_of(market.last_of_weeks(ts))
    closes = market.closes_of(market.sessions_of(ts, timeframe.minutes or 0))
    ends = pl.DataFrame({"end": ts + timedelta(minutes=timeframe.minutes or 0), "close": closes})
    return ends.select(pl.min_horizontal("end", "close"))["end"]


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
    recent = bars.frame.filter(pl.col("ts").is_between(moment - _SURELY_CLOSED, moment))["ts"].unique().sort()
    closes = known_at(recent, bars.timeframe, bars.calendar)
    if closes.null_count():
        stray = recent.filter(closes.is_null())[0]
        raise UsageError(
            f"{stray.date()} is not a session of {bars.calendar}: no bar can lie there", fix="augury data check FILE"
        )
    forming = recent.filter(closes > moment)
    late = (pl.col("ts") > moment) | pl.col("ts").is_in(forming.implode())
    return bars.with_frame(bars.frame.filter(~late))
