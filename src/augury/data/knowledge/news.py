"""News: which bar a headline belongs to.

A headline belongs to the bar that is open when it is published, or else to the next one: published
one microsecond after a session's close it belongs to the session that follows, over nights,
weekends and holidays. Published at the very moment of the close it still belongs to that bar.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from augury.core.bars import TIMESTAMP, Bars
from augury.core.errors import DataError
from augury.data.calendar.availability import known_at
from augury.data.calendar.openings import bar_opens
from augury.data.knowledge.asof import KNOWN_AT, need_columns, utc_moments

NEWS_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "published_at": TIMESTAMP,
    "headline": pl.String(),
}
REPEAT: Final = timedelta(hours=24)
"""The same headline of a symbol again within this time is a repeat, not news."""

_AHEAD: Final = timedelta(days=16)
"""No market stays closed longer: looked at behind the last headline to find its bar."""
_BEHIND: Final = timedelta(days=7)
"""A weekly bar opened at most this long before the headline that belongs to it."""


def checked_news(news: pl.DataFrame) -> pl.DataFrame:
    """Return headlines as a frame of ``NEWS_SCHEMA`` sorted by publication; other columns stay behind these.

    Raises
    ------
    UsageError
        A column is missing.
    DataError
        A time without zone, or a headline without symbol, time or text.
    """
    need_columns(news, list(NEWS_SCHEMA), "the news")
    moments = utc_moments(news, "published_at")
    others = [name for name in news.columns if name not in NEWS_SCHEMA]
    frame = news.select(pl.col("symbol").cast(pl.String), moments, pl.col("headline").cast(pl.String), *others)
    for name in NEWS_SCHEMA:
        if missing := frame[name].null_count():
            raise DataError(
                f"{missing} of {frame.height} headlines have no {name}: leave them out, never date them now"
            )
    return frame.sort("published_at", "symbol", "headline")


def without_repeats(news: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Keep the first of identical headlines of a symbol within a day.

    A headline is a repeat when the same symbol had the same text, but for case and spaces, less
    than 24 hours before; only the past decides.

    Parameters
    ----------
    news : pl.DataFrame
        Of ``NEWS_SCHEMA``.

    Returns
    -------
    (pl.DataFrame, int)
        The rest, sorted by publication, and how many repeats were left out.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> at = datetime(2018, 12, 3, 15, tzinfo=UTC)
    >>> twice = pl.DataFrame({"symbol": ["A", "A"], "published_at": [at, at + timedelta(hours=1)],
    ...                       "headline": ["Profit rises", "profit  rises "]})
    >>> without_repeats(twice)[1]
    1
    """
    frame = checked_news(news)
    text = pl.col("headline").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    before = pl.col("published_at").shift(1).over("symbol", "__text")
    since = pl.col("published_at") - before
    kept = frame.with_columns(text.alias("__text")).filter((since >= REPEAT).fill_null(value=True)).drop("__text")
    return kept, frame.height - kept.height


def assigned(news: pl.DataFrame, bars: Bars) -> pl.DataFrame:
    """Say which bar each headline belongs to.

    Daily and weekly bars are those of the calendar, whether or not a symbol traded; intraday bars
    are those that are there, of any symbol.

    Parameters
    ----------
    news : pl.DataFrame
        Of ``NEWS_SCHEMA``.
    bars : Bars
        Whose timeframe and calendar count.

    Returns
    -------
    pl.DataFrame
        The headlines sorted by publication, with ``ts`` (the bar's) and ``known_at`` (its close, at
        or after the publication). Both are null for news after the last intraday bar.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from augury.data.synthetic import SyntheticMarket
    >>> late = pl.DataFrame({"symbol": ["A"], "headline": ["Profit rises"],
    ...                      "published_at": [datetime(2010, 1, 8, 21, 0, 1, tzinfo=UTC)]})
    >>> assigned(late, SyntheticMarket(n_symbols=1, n_bars=9).bars())["ts"].item().date().isoformat()
    '2010-01-11'
    """
    frame = checked_news(news)
    if frame.is_empty():
        return frame.with_columns(pl.lit(None, TIMESTAMP).alias("ts"), pl.lit(None, TIMESTAMP).alias(KNOWN_AT))
    grid = _grid(frame, bars)
    return frame.join_asof(grid, left_on="published_at", right_on=KNOWN_AT, strategy="forward", coalesce=False)


def _grid(news: pl.DataFrame, bars: Bars) -> pl.DataFrame:
    """Bars by their close, ``ts, known_at``; of bars that close together the first."""
    if bars.timeframe.minutes is not None:
        opened = bars.frame["ts"].unique().sort()
    else:
        low, high = news["published_at"].min(), news["published_at"].max()
        opened = bar_opens(bars.timeframe, bars.calendar, low - _BEHIND, high + _AHEAD)["ts"]  # type: ignore[operator, arg-type]
    closes = known_at(opened, bars.timeframe, bars.calendar).alias(KNOWN_AT)
    return pl.DataFrame([opened.alias("ts"), closes]).sort(KNOWN_AT, "ts").unique(KNOWN_AT, keep="first").sort(KNOWN_AT)
