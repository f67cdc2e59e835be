"""What stands beside features and labels: structure labels, windows of bars, headlines laid on sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.data.calendar.availability import known_at
from augury.features.news_columns import news_columns
from augury.labels.structure import structure_of
from augury.labels.windows import extract_windows
from augury.proof.audit.stage import KNOWN_AT

SWING_BARS: Final = 2
"""A swing is known as many bars later."""
_AFTER_CLOSE: Final = timedelta(microseconds=1)


def structure(bars: Bars) -> pl.DataFrame:
    """Expansion and candle of each bar, known at the bar; its swing, a row of its own known two bars later."""
    labels = structure_of(bars)
    later = pl.col("ts").shift(-SWING_BARS).over("symbol").alias(KNOWN_AT)
    at_once = labels.select("symbol", "ts", pl.col("ts").alias(KNOWN_AT), "expansion_label", "candle_label")
    swings = labels.select(pl.format("{} swing", "symbol").alias("symbol"), "ts", later, "swing_label")
    return pl.concat([at_once, swings], how="diagonal")


def windows(bars: Bars) -> pl.DataFrame:
    """Every window, known at its last bar: where it was cut, and the bars in it."""
    found = extract_windows(bars)
    described = found.frame.select(
        "symbol", pl.col("end_ts").alias("ts"), "start_ts", "raw_start_idx", "raw_end_idx", "session", "offset"
    )
    first, last = found.prices[:, 0], found.prices[:, -1]
    return described.with_columns(
        first_open=first[:, 0], last_close=last[:, 3], highest=found.prices[:, :, 1].max(axis=1)
    )


def news(bars: Bars) -> pl.DataFrame:
    """What the sentiment family reads, from headlines that each tell of the bar which is about to open.

    The headline is published a moment after the bar before has closed, and its words come from what the
    new bar will do. Laid on the bar that has just closed it would speak of the future.
    """
    frame, _ = news_columns(_headlines(bars), bars)
    return frame


def _headlines(bars: Bars) -> pl.DataFrame:
    closes = known_at(bars.frame["ts"], bars.timeframe, bars.calendar).alias("closed_at")
    rises = pl.col("close") > pl.col("close").shift(1).over("symbol")
    tone = pl.when(rises).then(pl.lit("beats, strong profit")).otherwise(pl.lit("misses, weak loss, plunge"))
    text = pl.format("{} {} {}", "symbol", tone, pl.col("ts").cast(pl.String))
    published = pl.col("closed_at").shift(1).over("symbol") + _AFTER_CLOSE
    return bars.frame.with_columns(closes).select(
        "symbol", published.alias("published_at"), text.alias("headline")
    ).drop_nulls()  # fmt: skip
