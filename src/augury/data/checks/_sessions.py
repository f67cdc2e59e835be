"""Bars against the calendar: which sessions a frame spans, and how many of its bars are missing."""

from __future__ import annotations

import polars as pl

from augury.core.timeframe import Timeframe
from augury.data.calendar import FIRST_KNOWN, LAST_KNOWN, MarketCalendar

_SCHEMA = {"symbol": pl.String(), "expected": pl.Int64(), "missing": pl.Int64(), "after": pl.Datetime("us", "UTC")}


def sessions_of(frame: pl.DataFrame, calendar: MarketCalendar) -> pl.DataFrame:
    """Return ``session, minutes`` over the span of a frame; times of no known year are not asked about."""
    years = frame.filter(pl.col("ts").dt.year().is_between(FIRST_KNOWN.year + 1, LAST_KNOWN.year - 1))
    if years.is_empty():
        return pl.DataFrame(schema={"session": _SCHEMA["after"], "minutes": pl.Int64()})
    span = years.select(pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last")).row(0)
    return calendar.schedule(*span).select("session", "minutes")


def missing_bars(frame: pl.DataFrame, calendar: MarketCalendar, timeframe: Timeframe) -> pl.DataFrame:
    """Return ``symbol, expected, missing, after`` between each symbol's first and last bar.

    ``after`` is the last bar before the first hole. Bars on no session are not counted. Of the first
    and the last day an intraday symbol trades, only what is there is expected.
    """
    slots = _slots(frame, calendar, timeframe)
    if slots.is_empty() or frame.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    unit = "1w" if timeframe is Timeframe.W1 else "1d"
    present = (
        frame.lazy()
        .select("symbol", "ts", pl.col("ts").dt.truncate(unit).alias("slot"))
        .group_by("symbol", "slot", maintain_order=True)
        .agg(pl.len().alias("there"), pl.col("ts").last())
        .join(slots.lazy(), on="slot", how="inner", maintain_order="left")
        .with_columns(
            pl.col("due_before").shift(1).over("symbol").alias("due_then"),
            pl.col("due").shift(1).over("symbol").alias("due_there"),
            pl.col("ts").shift(1).over("symbol").alias("previous"),
            (
                pl.int_range(pl.len()).over("symbol").is_in([0])
                | (pl.int_range(pl.len()) == pl.len() - 1).over("symbol")
            ).alias("edge"),
        )
    )
    skipped = (pl.col("due_before") - pl.col("due_then") - pl.col("due_there")).fill_null(0)
    short = pl.when(pl.col("edge")).then(0).otherwise((pl.col("due") - pl.col("there")).clip(lower_bound=0))
    counted = present.with_columns(skipped.alias("skipped"), short.alias("short"))
    hole = pl.when(pl.col("skipped") > 0).then("previous").when(pl.col("short") > 0).then("ts")
    missing = (pl.col("skipped") + pl.col("short")).sum()
    return (
        counted.group_by("symbol", maintain_order=True)
        .agg(
            (pl.min_horizontal("there", "due").sum() + missing).cast(pl.Int64).alias("expected"),
            missing.cast(pl.Int64).alias("missing"),
            hole.drop_nulls().first().alias("after"),
        )
        .collect()
    )


def _slots(frame: pl.DataFrame, calendar: MarketCalendar, timeframe: Timeframe) -> pl.DataFrame:
    """Days (weeks for w1) with a session: ``slot, due`` bars, and ``due_before`` the bars due until then."""
    sessions = sessions_of(frame, calendar)
    if timeframe is Timeframe.W1:
        due = sessions.select(pl.col("session").dt.truncate("1w").alias("slot"), pl.lit(1).alias("due")).unique("slot")
    elif timeframe.minutes is None:
        due = sessions.select(pl.col("session").alias("slot"), pl.lit(1).alias("due"))
    else:
        bars = (pl.col("minutes") / timeframe.minutes).ceil().cast(pl.Int64)
        due = sessions.select(pl.col("session").alias("slot"), bars.alias("due"))
    ordered = due.sort("slot").with_columns(pl.col("due").cast(pl.Int64))
    return ordered.with_columns((pl.col("due").cum_sum() - pl.col("due")).alias("due_before"))
