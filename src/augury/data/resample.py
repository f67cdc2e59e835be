"""Longer bars from shorter ones: only closed bars, so that no kept bar changes when more arrives."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.clock import iso
from augury.core.errors import DataError, UsageError
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar

_SUM_OR_NULL: Final = pl.when(pl.col("volume").null_count() == 0).then(pl.col("volume").sum())


def resample(bars: Bars, timeframe: Timeframe) -> Bars:
    """Return the bars in a longer timeframe.

    Parameters
    ----------
    bars : Bars
        d1 for w1; intraday for d1 or, through it, w1.
    timeframe : Timeframe
        d1 or w1; the same timeframe gives the bars back.

    Raises
    ------
    UsageError
        The timeframe is shorter, or intraday: its grid is the vendor's to define.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> daily = SyntheticMarket(n_symbols=1, n_bars=30).bars()
    >>> weekly = resample(daily, Timeframe.W1)
    >>> str(weekly.timeframe), weekly.frame.height < daily.frame.height
    ('w1', True)
    """
    if timeframe is bars.timeframe:
        return bars
    if timeframe is Timeframe.W1:
        return to_weekly(bars)
    if timeframe is Timeframe.D1 and bars.timeframe.minutes is not None:
        return _to_daily(bars)
    raise UsageError(f"cannot make {timeframe} bars from {bars.timeframe} bars", fix="augury data import FILE")


def to_weekly(bars: Bars) -> Bars:
    """Return weekly bars: first open, highest high, lowest low, last close, summed volume.

    ``ts`` is the first session of the week by the calendar. A symbol's last week is kept only when
    the bars hold the week's last session; the volume is null when one of the days has none.

    Parameters
    ----------
    bars : Bars
        Of timeframe d1, or intraday.

    Raises
    ------
    DataError
        A bar lies in a week in which the market had no session.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> weekly = to_weekly(SyntheticMarket(n_symbols=1, n_bars=12).bars())
    >>> [ts.date().isoformat() for ts in weekly.frame["ts"]]
    ['2010-01-04', '2010-01-11']
    """
    daily = bars if bars.timeframe is Timeframe.D1 else resample(bars, Timeframe.D1)
    if bars.frame.is_empty():
        return replace(bars, timeframe=Timeframe.W1)
    weeks = _weeks(daily)
    week = pl.col("ts").dt.truncate("1w").alias("week")
    joined = daily.frame.with_columns(week).join(weeks, on="week", how="left", maintain_order="left")
    _no_stray(joined, daily.calendar)
    grouped = joined.group_by("symbol", "week", maintain_order=True).agg(
        pl.col("first_session").first().alias("ts"),
        (pl.col("ts").last() >= pl.col("last_session").first()).alias("ended"),
        *_merged(daily.frame),
    )
    # A later week in the data closes an earlier one even if its last session is a gap.
    closed = pl.col("ended") | (pl.col("week") < pl.col("week").max().over("symbol"))
    frame = grouped.filter(closed).select(daily.frame.columns)
    return replace(daily, frame=frame, timeframe=Timeframe.W1)


def _to_daily(bars: Bars) -> Bars:
    if bars.frame.is_empty():
        return replace(bars, timeframe=Timeframe.D1)
    day = pl.col("ts").dt.truncate("1d").alias("session")
    grouped = bars.frame.with_columns(day).group_by("symbol", "session", maintain_order=True)
    span = pl.duration(minutes=bars.timeframe.minutes)
    daily = grouped.agg((pl.col("ts").last() + span).alias("ends"), *_merged(bars.frame))
    schedule = market_calendar(bars.calendar).schedule(bars.frame["ts"].min(), bars.frame["ts"].max())  # type: ignore[arg-type]
    daily = daily.join(schedule.select("session", "closes_at"), on="session", how="left", maintain_order="left")
    stray = daily.filter(pl.col("closes_at").is_null())
    if not stray.is_empty():
        raise DataError(
            f"{stray['symbol'][0]}: the bars of {iso(stray['session'][0])} lie on no session of {bars.calendar}",
            fix="augury data check FILE",
        )
    closed = (pl.col("ends") >= pl.col("closes_at")) | (pl.col("session") < pl.col("session").max().over("symbol"))
    frame = daily.filter(closed).rename({"session": "ts"}).select(bars.frame.columns)
    return replace(bars, frame=frame, timeframe=Timeframe.D1)


def _merged(frame: pl.DataFrame) -> list[pl.Expr]:
    rules = {
        "open": pl.col("open").first(),
        "high": pl.col("high").max(),
        "low": pl.col("low").min(),
        "close": pl.col("close").last(),
        "volume": _SUM_OR_NULL,
        "adj_close": pl.col("adj_close").last(),
    }
    return [rules[name].alias(name) for name in frame.columns if name in rules]


def _weeks(bars: Bars) -> pl.DataFrame:
    """Monday of each week with its first and last session by the calendar."""
    week = pl.col("ts").dt.truncate("1w")
    first = bars.frame.select(week.min()).item()
    last = bars.frame.select(week.dt.offset_by("6d").max()).item()
    sessions = market_calendar(bars.calendar).sessions(first, last).rename("ts").to_frame()
    return (
        sessions.group_by(week.alias("week"), maintain_order=True)
        .agg(pl.col("ts").first().alias("first_session"), pl.col("ts").last().alias("last_session"))
        .cast({"week": BAR_SCHEMA["ts"]})
    )


def _no_stray(joined: pl.DataFrame, calendar: str) -> None:
    stray = joined.filter(pl.col("first_session").is_null())
    if not stray.is_empty():
        raise DataError(
            f"{stray['symbol'][0]}: the bar of {iso(stray['ts'][0])} lies in a week without a session of {calendar}",
            fix="augury data check FILE",
            symbol=stray["symbol"][0],
            first_ts=iso(stray["ts"][0]),
        )
