"""From headlines to the columns the sentiment family reads, dropped by name when news are sparse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import DataError, NotFound
from augury.data.knowledge.coverage import Coverage, coverage, keep
from augury.data.knowledge.lexicon import LexiconScorer
from augury.data.knowledge.news import NEWS_SCHEMA, checked_news, without_repeats
from augury.data.knowledge.sentiment import Scorer, daily_sentiment, scored

_READ: Final = (
    "news_score_mean", "news_score_std", "news_score_min", "news_score_max", "news_count", "news_positive_share",
    "news_negative_share",
)  # fmt: skip
_READERS: Final[dict[str, Callable[..., Any]]] = {
    ".parquet": pl.read_parquet, ".arrow": pl.read_ipc, ".feather": pl.read_ipc, ".ipc": pl.read_ipc,
}  # fmt: skip


def read_news(path: Path) -> pl.DataFrame:
    """Read headlines from a Parquet, Arrow or CSV file.

    Raises
    ------
    NotFound
        No such file.
    DataError
        A column is missing, or it is not a file of headlines.
    """
    if not path.is_file():
        raise NotFound(f"no file {path}", fix="augury features compute --help")
    try:
        frame = _READERS.get(path.suffix, pl.read_csv)(path)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    if missing := [name for name in NEWS_SCHEMA if name not in frame.columns]:
        raise DataError(f"{path} lacks {missing}: headlines need {', '.join(NEWS_SCHEMA)}, found {frame.columns}")
    if frame["published_at"].dtype == pl.String:
        frame = frame.with_columns(pl.col("published_at").str.to_datetime(time_unit="us", time_zone="UTC"))
    return checked_news(frame.select(*NEWS_SCHEMA))


def news_columns(news: pl.DataFrame, bars: Bars, scorer: Scorer | None = None) -> tuple[pl.DataFrame, Coverage]:
    """Score headlines and lay them beside the bars of their sessions.

    Parameters
    ----------
    news : pl.DataFrame
        ``symbol, published_at`` (UTC), ``headline``; repeats within a day count once.
    bars : Bars
        A headline published after a session's close belongs to the next one.
    scorer : Scorer, optional
        Headlines to scores in [-1, 1]; the built-in lexicon when not given.

    Returns
    -------
    frame : pl.DataFrame
        ``symbol, ts`` of the bars and, when news cover at least 30 % of them, what the sentiment
        family reads: give it to ``engine.build(..., beside=frame)``.
    verdict : Coverage
        How many bars are covered, and whether the columns were kept.
    """
    unique, _ = without_repeats(news)
    frame = daily_sentiment(scored(unique, scorer or LexiconScorer()), bars).select("symbol", "ts", *_READ)
    (verdict,) = coverage(frame, {"news": _READ})
    return keep(frame, [verdict]), verdict
