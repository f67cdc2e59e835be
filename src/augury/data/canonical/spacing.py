"""How long the bars are, read from the steps between their times."""

from __future__ import annotations

from typing import Final

import polars as pl

from augury.core.timeframe import Timeframe

_LENGTHS: Final = {frame.minutes: frame for frame in Timeframe if frame.minutes is not None}
_LONGEST: Final = max(_LENGTHS)
_DAY: Final = 1440
_LONG_WEEKEND_DAYS: Final = 4
_WEEK_DAYS: Final = 7
_NEAR_MODE: Final = 0.8
_SHARE_WITHIN: Final = 0.25
_SHARE_INNER: Final = 0.1
_HOUR: Final = 60


def infer_timeframe(frame: pl.DataFrame) -> Timeframe | None:
    """Return the timeframe whose length is the usual spacing of the bars; None when there is none.

    Sessions cut a grid of hours at both ends: four-hour bars of New York open at 09:30 and 12:00, or at
    09:30, 11:00 and 15:00. So nights do not count, the first step of a session only bounds the length
    from below, and the steps after it tell.

    Parameters
    ----------
    frame : pl.DataFrame
        With ``symbol`` and ``wall`` (or canonical ``ts``).

    Examples
    --------
    >>> from datetime import datetime
    >>> hours = [datetime(2024, 1, 2, hour) for hour in (10, 11, 12)]
    >>> str(infer_timeframe(pl.DataFrame({"symbol": ["A"] * 3, "ts": hours})))
    'h1'
    """
    name = "wall" if "wall" in frame.columns else "ts"
    steps = _steps(frame, name)
    if steps.is_empty():
        midnight = frame.height > 0 and bool((frame[name].dt.hour() == 0).all())
        return Timeframe.D1 if midnight else None
    within = steps.filter(pl.col("minutes") <= _LONGEST)
    if within.height >= _SHARE_WITHIN * steps.height:
        return _intraday(within)
    days = steps.filter(pl.col("minutes") > _LONGEST).select((pl.col("minutes") / _DAY).round().alias("days"))
    usual = _usual(days["days"].cast(pl.Int64))
    if 1 <= usual <= _LONG_WEEKEND_DAYS:
        return Timeframe.D1
    return Timeframe.W1 if usual == _WEEK_DAYS else None


def _steps(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Minutes between neighbours of one symbol, and whether the step before was within a session too."""
    keys = frame.select("symbol", pl.col(name).alias("at"))
    new = pl.col("symbol") != pl.col("symbol").shift(1)
    order = keys.select(runs=new.sum() + 1, falls=((pl.col("at") < pl.col("at").shift(1)) & ~new).any()).row(0)
    if order[0] > keys["symbol"].n_unique() or order[1]:
        keys = keys.sort("symbol", "at")
    minutes = pl.when(new).then(None).otherwise(pl.col("at").diff().dt.total_minutes())
    steps = keys.select(minutes.alias("minutes"))
    moved = steps.filter(pl.col("minutes").is_null() | (pl.col("minutes") != 0))
    after = moved.with_columns((pl.col("minutes").shift(1) <= _LONGEST).fill_null(value=False).alias("inner"))
    return after.drop_nulls("minutes")


def _intraday(within: pl.DataFrame) -> Timeframe | None:
    inner = within.filter("inner")
    if inner.height >= max(1, _SHARE_INNER * within.height):
        return _LENGTHS.get(_mode(inner["minutes"]))
    first = _mode(within["minutes"])
    if first in _LENGTHS or first <= _HOUR:
        return _LENGTHS.get(first)
    # Two bars a session: shorter timeframes than h4 would have cut it into more.
    return Timeframe.H4


def _mode(minutes: pl.Series) -> int:
    counts = minutes.value_counts().sort(["count", "minutes"], descending=[True, False])
    return int(counts["minutes"][0])


def _usual(days: pl.Series) -> int:
    """Of the steps nearly as frequent as the most frequent one, the shortest."""
    counts = days.value_counts()
    return int(counts.filter(pl.col("count") >= _NEAR_MODE * pl.col("count").max())["days"].min())  # type: ignore[arg-type]
