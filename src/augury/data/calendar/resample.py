"""Longer bars from shorter ones: only closed bars, so that no kept bar changes when more arrives.

A longer bar is named by when it opens and known when it closes. Its open is the first open, its high the
highest high, its low the lowest low, its close the last close, its volume the sum; a volume is null when
one of its parts has none. Where there are no shorter bars there is no longer one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import TIMESTAMP, Bars
from augury.core.clock import iso
from augury.core.errors import DataError, UsageError
from augury.core.timeframe import Timeframe
from augury.core.typing import Ints
from augury.data.calendar.availability import known_at
from augury.data.calendar.market import market_calendar

_SUM_OR_NULL: Final = pl.when(pl.col("volume").null_count() == 0).then(pl.col("volume").sum())
_MINUTE_US: Final = 60_000_000
_RULES: Final = {
    "open": pl.col("open").first(),
    "high": pl.col("high").max(),
    "low": pl.col("low").min(),
    "close": pl.col("close").last(),
    "volume": _SUM_OR_NULL,
    "adj_close": pl.col("adj_close").last(),
}


def resample(bars: Bars, timeframe: Timeframe, *, leave_out_strays: bool = False) -> Bars:
    """Return the bars in a longer timeframe.

    Intraday bars are counted from the session's open, and again from the end of a lunch break; the last
    one before a break or the close may be shorter. A symbol's last bar is kept only when the shorter
    bars reach its end, or a later bar has begun.

    Parameters
    ----------
    bars : Bars
        Of a shorter timeframe, closed ones only; their calendar decides the sessions.
    timeframe : Timeframe
        Where both are intraday, a whole multiple. The same timeframe gives the bars back.
    leave_out_strays : bool
        Leave out bars that lie outside every session, as extended hours do. Default False: refuse them.

    Raises
    ------
    UsageError
        The timeframe is shorter or no whole multiple.
    DataError
        A bar lies outside every session of the calendar and strays are not to be left out.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> hourly = SyntheticMarket(n_symbols=1, n_bars=70, timeframe=Timeframe.H1).bars()
    >>> [resample(hourly, longer).frame.height for longer in (Timeframe.H4, Timeframe.D1, Timeframe.W1)]
    [20, 10, 2]
    """
    if timeframe is bars.timeframe:
        return bars
    step, wanted = bars.timeframe.minutes, timeframe.minutes
    if timeframe is Timeframe.W1:
        daily = (
            bars if bars.timeframe is Timeframe.D1 else resample(bars, Timeframe.D1, leave_out_strays=leave_out_strays)
        )
        return _combined(daily, Timeframe.W1, _weeks(daily), leave_out_strays)
    if step is None or (wanted is not None and (wanted < step or wanted % step)):
        raise UsageError(f"cannot make {timeframe} bars from {bars.timeframe} bars", fix="augury data import FILE")
    return _combined(bars, timeframe, _buckets(bars, step, wanted), leave_out_strays)


def to_weekly(bars: Bars) -> Bars:
    """Return weekly bars, each named by the first session of its week by the calendar.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> weekly = to_weekly(SyntheticMarket(n_symbols=1, n_bars=12).bars())
    >>> [ts.date().isoformat() for ts in weekly.frame["ts"]]
    ['2010-01-04', '2010-01-11']
    """
    return resample(bars, Timeframe.W1)


def _combined(bars: Bars, timeframe: Timeframe, buckets: pl.DataFrame, leave_out_strays: bool) -> Bars:
    """Merge bars by bucket; ``buckets`` says for each bar where its longer bar opens and ends."""
    ends = known_at(bars.frame["ts"], bars.timeframe, bars.calendar)
    joined = bars.frame.hstack(buckets).with_columns(ends.alias("known_at"))
    stray = joined.filter(pl.col("opens").is_null())
    if not stray.is_empty() and not leave_out_strays:
        raise _astray(stray, bars)
    grouped = (
        joined.filter(pl.col("opens").is_not_null())
        .group_by("symbol", "opens", maintain_order=True)
        .agg(
            (pl.col("known_at").last() >= pl.col("ends").last()).alias("complete"),
            *(_RULES[name].alias(name) for name in bars.frame.columns if name in _RULES),
        )
    )
    # A later bar in the data closes an earlier one even if its last part is a gap.
    closed = pl.col("complete") | (pl.col("opens") < pl.col("opens").max().over("symbol"))
    frame = grouped.filter(closed).rename({"opens": "ts"}).select(bars.frame.columns)
    return replace(bars, frame=frame, timeframe=timeframe)


def _buckets(bars: Bars, step: int, wanted: int | None) -> pl.DataFrame:
    """Where the longer bar of each intraday bar opens and ends; null for a bar outside every session."""
    ts = bars.frame["ts"].to_physical().to_numpy()
    at, table = market_calendar(bars.calendar).places(ts, step)
    opens, closes = table.opens[at], table.closes[at]
    if wanted is None:
        return _column(table.days[at] * 24 * 60 * _MINUTE_US, closes, at >= 0)
    pause, resume = table.break_starts[at], table.break_ends[at]
    lost = (ts >= pause) & (ts + step * _MINUTE_US <= resume)
    # A bar goes where it ends, not where it begins: one that lies across two longer bars, as those of a
    # vendor who counts from the full hour, may not carry the second one's prices into the first.
    until = np.minimum(ts + step * _MINUTE_US, closes)
    until = np.where((until > pause) & (until <= resume), pause, until)
    afternoon = until > resume
    start, end = np.where(afternoon, resume, opens), np.where(afternoon, closes, pause)
    span = wanted * _MINUTE_US
    begin = start + (until - 1 - start) // span * span
    return _column(begin, np.minimum(begin + span, end), (at >= 0) & ~lost)


def _weeks(daily: Bars) -> pl.DataFrame:
    """First session of each bar's week and the close of its last; null where the week has none."""
    frame, market = daily.frame.select("ts", week=pl.col("ts").dt.truncate("1w")), market_calendar(daily.calendar)
    if frame.is_empty():
        return frame.select(pl.col("ts").alias("opens"), pl.col("week").alias("ends"))
    first, last = frame.select(pl.col("week").min(), pl.col("week").max().dt.offset_by("6d").alias("last")).row(0)
    sessions = market.sessions(first, last).alias("opens").to_frame()
    firsts = sessions.group_by(week=pl.col("opens").dt.truncate("1w"), maintain_order=True).first()
    ends = market.closes_of(market.last_of_weeks(frame["ts"]))
    return frame.join(firsts, on="week", how="left", maintain_order="left").select("opens", ends.alias("ends"))


def _column(opens: Ints, ends: Ints, inside: np.ndarray) -> pl.DataFrame:
    frame = pl.DataFrame({"opens": opens, "ends": ends, "inside": inside})
    found = pl.when(pl.col("inside")).then(pl.col("opens", "ends")).cast(TIMESTAMP)
    return frame.select(found)


def _astray(stray: pl.DataFrame, bars: Bars) -> DataError:
    symbol, moment = stray["symbol"][0], stray["ts"][0]
    weekly = bars.timeframe is Timeframe.D1
    where = "in a week without a session" if weekly else "outside every session"
    return DataError(
        f"{symbol} {bars.timeframe}: the bar of {iso(moment)} lies {where} of {bars.calendar} "
        f"({stray.height} such bars)",
        fix="augury data check FILE",
        symbol=symbol,
        first_ts=iso(moment),
        rows=stray.height,
    )
