"""Sentiment: headlines scored by a replaceable scorer, gathered on the bars they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, Protocol

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import DataError, UsageError
from augury.core.typing import Floats, Ints
from augury.data.calendar import market_calendar
from augury.data.knowledge.asof import KNOWN_AT, known_at, need_columns
from augury.data.knowledge.news import assigned, checked_news

SCORE: Final = "score"
TONE: Final = 0.1
"""A headline whose score lies further from 0 than this has a tone."""
CARRY_SESSIONS: Final = 3
"""How long the last news still counts; also how long a source may be silent about every symbol
before it is taken to be down: its silence is then null, not zero headlines."""
CARRIED: Final = (
    "news_score_mean",
    "news_score_std",
    "news_score_min",
    "news_score_max",
    "news_positive_share",
    "news_negative_share",
)
SENTIMENT_COLUMNS: Final = (*CARRIED[:4], "news_count", *CARRIED[4:], "news_age")

_SESSION: Final = "__session"
_SPAN: Final = timedelta(days=16)


class Scorer(Protocol):
    """Gives headlines a tone."""

    @property
    def name(self) -> str:
        """What the scorer is called in records."""
        ...

    def score(self, headlines: Sequence[str]) -> Floats:
        """Return one number in [-1, 1] a headline, ``(n,)``; the same text always gets the same."""
        ...


def scored(news: pl.DataFrame, scorer: Scorer) -> pl.DataFrame:
    """Return the headlines with a column ``score``; each distinct text is scored once.

    Parameters
    ----------
    news : pl.DataFrame
        Of ``NEWS_SCHEMA``.
    scorer : Scorer
        E.g. :class:`augury.data.knowledge.lexicon.LexiconScorer`.

    Raises
    ------
    DataError
        The scorer gave another number of scores, or one outside [-1, 1].
    """
    frame = checked_news(news)
    texts = frame.select(pl.col("headline").unique().sort())
    scores = np.asarray(scorer.score(texts["headline"].to_list()), dtype=np.float64)
    if scores.shape != (texts.height,):
        raise DataError(f"scorer {scorer.name} gave {scores.shape} scores for {texts.height} headlines")
    wrong = ~(np.abs(scores) <= 1.0)
    if wrong.any():
        at = int(wrong.argmax())
        raise DataError(
            f"scorer {scorer.name} gave {scores[at]} for '{texts['headline'][at][:60]}': a score lies in [-1, 1]"
        )
    found = texts.with_columns(pl.Series(SCORE, scores))
    return frame.join(found, on="headline", how="left", maintain_order="left")


def daily_sentiment(news: pl.DataFrame, bars: Bars, covers: tuple[date, date] | None = None) -> pl.DataFrame:
    """Gather scored headlines on the bars they belong to.

    Parameters
    ----------
    news : pl.DataFrame
        What :func:`scored` returned: ``symbol, published_at, headline, score``.
    bars : Bars
        Of any timeframe; ages count sessions of its calendar.
    covers : (date, date), optional
        First and last session the source was asked for: on these a symbol without headline had none
        (``news_count`` 0). Default: the source is believed on a bar when it had a headline about any
        symbol in that session or the three before, which only the past decides.

    Returns
    -------
    pl.DataFrame
        ``symbol, ts`` of the bars, row by row, then ``news_score_mean``, ``news_score_std`` (sample;
        0 for one headline), ``news_score_min``, ``news_score_max``, ``news_count``,
        ``news_positive_share`` (scores above 0.1), ``news_negative_share`` (below -0.1), ``news_age``
        (sessions since the last news). On bars without news the scores of the last news stand for at
        most three sessions with their age, then null. ``news_count`` is this bar's own: 0 when the
        source covers it, else null. All Float64.

    Raises
    ------
    UsageError
        A column is missing, or ``covers`` ends before it begins.
    """
    need_columns(news, ["symbol", "published_at", "headline", SCORE], "the scored news")
    if not news[SCORE].is_between(-1.0, 1.0).fill_null(value=False).all():
        raise DataError("a headline has no score in [-1, 1]: score the news with scored() first")
    if covers is not None and covers[1] < covers[0]:
        raise UsageError(f"the news cover {covers[0]} to {covers[1]}: the first day comes first")
    spine = bars.frame.select("symbol", "ts").with_columns(known_at(bars)).with_row_index("__row")
    gathered = _gathered(news, bars)
    if spine.is_empty():
        return spine.select("symbol", "ts", *(pl.lit(None, pl.Float64).alias(name) for name in SENTIMENT_COLUMNS))
    closes = _closes(pl.concat([spine[KNOWN_AT], gathered[KNOWN_AT]]), bars.calendar)
    rows = spine.with_columns(pl.Series(_SESSION, _number(spine[KNOWN_AT], closes))).sort(KNOWN_AT)
    facts = gathered.with_columns(pl.Series("__news", _number(gathered[KNOWN_AT], closes))).rename({KNOWN_AT: "__at"})
    seen = rows.join_asof(
        facts.sort("__at"), left_on=KNOWN_AT, right_on="__at", by="symbol", coalesce=False, check_sortedness=False
    )
    seen = seen.with_columns(_covered(rows, facts, closes, covers))
    age = (pl.col(_SESSION) - pl.col("__news")).cast(pl.Float64)
    own = pl.col("__at") == pl.col(KNOWN_AT)
    count = pl.when(own).then(pl.col("news_count")).when(pl.col("__covered")).then(0.0)
    return (
        seen.with_columns(age.alias("news_age"), count.alias("news_count"))
        .with_columns(
            pl.when(pl.col("news_age") <= CARRY_SESSIONS).then(pl.col(name)).alias(name)
            for name in (*CARRIED, "news_age")
        )
        .sort("__row")
        .select("symbol", "ts", *SENTIMENT_COLUMNS)
    )


def _gathered(news: pl.DataFrame, bars: Bars) -> pl.DataFrame:
    """One row a symbol and bar with news: ``symbol, known_at`` of the bar and the figures of its headlines."""
    placed = assigned(news, bars).drop_nulls(KNOWN_AT)
    tone = pl.col(SCORE)
    return (
        placed.sort("symbol", KNOWN_AT, "published_at", "headline", SCORE)
        .group_by("symbol", KNOWN_AT, maintain_order=True)
        .agg(
            tone.mean().alias("news_score_mean"),
            pl.when(pl.len() == 1).then(0.0).otherwise(tone.std()).alias("news_score_std"),
            tone.min().alias("news_score_min"),
            tone.max().alias("news_score_max"),
            pl.len().cast(pl.Float64).alias("news_count"),
            (tone > TONE).mean().alias("news_positive_share"),
            (tone < -TONE).mean().alias("news_negative_share"),
        )
    )


def _closes(moments: pl.Series, calendar: str) -> pl.Series:
    low, high = moments.min(), moments.max()
    return market_calendar(calendar).schedule(low - _SPAN, high + _SPAN)["closes_at"]  # type: ignore[operator, arg-type]


def _number(moments: pl.Series, closes: pl.Series) -> Ints:
    """The number of the session that a moment belongs to: the first that closes at it or later."""
    found = np.searchsorted(closes.to_physical().to_numpy(), moments.to_physical().to_numpy())
    return np.asarray(found, dtype=np.int64)


def _covered(rows: pl.DataFrame, facts: pl.DataFrame, closes: pl.Series, covers: tuple[date, date] | None) -> pl.Series:
    """Say for each row, sorted by its close, whether the source is known to have been there."""
    if covers is not None:
        return rows.select(pl.col("ts").dt.date().is_between(*covers).alias("__covered")).to_series()
    any_symbol = facts.select("__at", pl.col("__news").alias("__last")).unique("__at").sort("__at")
    last = rows.select(KNOWN_AT, _SESSION).join_asof(any_symbol, left_on=KNOWN_AT, right_on="__at")
    silent = last[_SESSION] - last["__last"]
    return (silent <= CARRY_SESSIONS).fill_null(value=False).alias("__covered")
