from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, UsageError
from augury.core.timeframe import Timeframe
from augury.core.typing import Floats
from augury.data.knowledge.lexicon import LexiconScorer
from augury.data.knowledge.news import NEWS_SCHEMA
from augury.data.knowledge.sentiment import CARRIED, SENTIMENT_COLUMNS, daily_sentiment, scored
from augury.data.synthetic import SyntheticMarket

MONDAY = datetime(2010, 1, 4, 15, tzinfo=UTC)
DAY = timedelta(days=1)


def news_of(*rows: tuple[str, datetime, float]) -> pl.DataFrame:
    """Headlines that carry their own score."""
    texts = [(symbol, moment, f"headline {at}", value) for at, (symbol, moment, value) in enumerate(rows)]
    return pl.DataFrame(texts, schema={**NEWS_SCHEMA, "score": pl.Float64}, orient="row")


@pytest.fixture(scope="module")
def bars() -> Bars:
    return SyntheticMarket(n_symbols=2, n_bars=30).bars()


@pytest.fixture(scope="module")
def first(bars: Bars) -> str:
    return bars.symbols[0]


@pytest.fixture(scope="module")
def second(bars: Bars) -> str:
    return bars.symbols[1]


def rows_of(found: pl.DataFrame, symbol: str) -> list[dict[str, Any]]:
    return found.filter(pl.col("symbol") == symbol).to_dicts()


def test_the_figures_of_a_day_are_those_of_its_headlines(bars: Bars, first: str) -> None:
    values = (0.5, -0.3, 0.05)
    day = rows_of(daily_sentiment(news_of(*((first, MONDAY, value) for value in values)), bars), first)[0]
    wanted = {
        "news_score_mean": np.mean(values),
        "news_score_std": np.std(values, ddof=1),
        "news_score_min": -0.3,
        "news_score_max": 0.5,
        "news_count": 3.0,
        "news_positive_share": 1 / 3,
        "news_negative_share": 1 / 3,
        "news_age": 0.0,
    }
    assert {name: day[name] for name in wanted} == pytest.approx(wanted)


def test_one_headline_has_no_spread(bars: Bars, first: str) -> None:
    day = rows_of(daily_sentiment(news_of((first, MONDAY, 0.1)), bars), first)[0]
    assert (day["news_score_std"], day["news_count"]) == (0.0, 1.0)
    assert (day["news_positive_share"], day["news_negative_share"]) == (0.0, 0.0)


def test_rows_stand_beside_the_bars(bars: Bars, first: str) -> None:
    mixed = bars.with_frame(bars.frame.sample(fraction=1.0, shuffle=True, seed=1))
    news = news_of((first, MONDAY, 0.5), (first, MONDAY + 7 * DAY, -0.5))
    found = daily_sentiment(news, mixed)
    assert found.select("symbol", "ts").equals(mixed.frame.select("symbol", "ts"))
    assert found.columns == ["symbol", "ts", *SENTIMENT_COLUMNS]
    assert found.sort("symbol", "ts").equals(daily_sentiment(news, bars))


def test_a_headline_one_second_after_the_close_changes_nothing_of_that_day(bars: Bars, first: str) -> None:
    quiet = news_of((first, MONDAY, 0.5))
    close = datetime(2010, 1, 5, 21, tzinfo=UTC)
    without = rows_of(daily_sentiment(quiet, bars), first)
    late = rows_of(
        daily_sentiment(news_of((first, MONDAY, 0.5), (first, close + timedelta(seconds=1), -1.0)), bars), first
    )
    assert late[:2] == without[:2]
    assert late[2]["news_score_mean"] == -1.0
    in_time = rows_of(daily_sentiment(news_of((first, MONDAY, 0.5), (first, close, -1.0)), bars), first)
    assert in_time[1]["news_score_mean"] == -1.0


def test_the_last_news_stand_three_sessions_with_their_age_and_then_nothing_does(bars: Bars, first: str) -> None:
    found = rows_of(daily_sentiment(news_of((first, MONDAY, 0.5)), bars), first)
    assert [row["news_age"] for row in found[:5]] == [0.0, 1.0, 2.0, 3.0, None]
    for name in CARRIED:
        assert [row[name] for row in found[1:4]] == [found[0][name]] * 3
        assert {row[name] for row in found[4:]} == {None}


def test_ages_count_sessions_and_not_days(bars: Bars, first: str) -> None:
    friday = datetime(2010, 1, 15, 15, tzinfo=UTC)  # Monday is a holiday
    found = rows_of(daily_sentiment(news_of((first, friday, 0.5)), bars), first)
    assert {row["ts"].day: row["news_age"] for row in found if row["news_age"] is not None} == {
        15: 0,
        19: 1,
        20: 2,
        21: 3,
    }


def test_a_day_without_news_counts_zero_while_the_source_is_there_and_null_when_it_is_not(
    bars: Bars, first: str, second: str
) -> None:
    news = news_of((first, MONDAY + 7 * DAY, 0.5), (second, MONDAY + 9 * DAY, 0.5))
    counts = [row["news_count"] for row in rows_of(daily_sentiment(news, bars), first)]
    # Before the first headline nobody was listening; three silent sessions after the last, nobody is.
    assert counts[:12] == [None] * 5 + [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, None]
    assert set(counts[12:]) == {None}


def test_a_declared_range_says_where_silence_is_zero(bars: Bars, first: str, second: str) -> None:
    news = news_of((first, MONDAY + 7 * DAY, 0.5))
    found = daily_sentiment(news, bars, covers=(date(2010, 1, 5), date(2010, 1, 20)))
    counts = {row["ts"].day: row["news_count"] for row in rows_of(found, first)[:14]}
    assert counts[4] is None
    assert counts[21] is None
    assert (counts[5], counts[11], counts[20]) == (0.0, 1.0, 0.0)
    assert rows_of(found, second)[1]["news_count"] == 0.0
    with pytest.raises(UsageError, match="the first day comes first"):
        daily_sentiment(news, bars, covers=(date(2010, 1, 5), date(2010, 1, 4)))


def test_a_symbol_sees_only_its_own_news(bars: Bars, first: str, second: str) -> None:
    found = rows_of(daily_sentiment(news_of((first, MONDAY, 0.5)), bars), second)
    assert {row["news_score_mean"] for row in found} == {None}


def test_news_of_a_session_without_bar_reach_the_next_bar(bars: Bars, first: str) -> None:
    gap = bars.with_frame(bars.frame.filter(pl.col("ts") != datetime(2010, 1, 5, tzinfo=UTC)))
    found = rows_of(daily_sentiment(news_of((first, MONDAY + DAY, 0.5)), gap), first)
    assert (found[1]["news_score_mean"], found[1]["news_age"], found[1]["news_count"]) == (0.5, 1.0, 0.0)


def test_cutting_the_news_of_the_future_changes_nothing_before(bars: Bars, first: str, second: str) -> None:
    generator = np.random.default_rng(5)
    moments = [MONDAY + timedelta(hours=float(hours)) for hours in np.sort(generator.uniform(0, 900, 25))]
    news = news_of(
        *(((first, second)[at % 2], moment, float(generator.uniform(-1, 1))) for at, moment in enumerate(moments))
    )
    whole = daily_sentiment(news, bars)
    for cut in bars.frame["ts"].unique().sort()[::4]:
        close = cut + timedelta(hours=21)
        past = bars.with_frame(bars.frame.filter(pl.col("ts") <= cut))
        part = daily_sentiment(news.filter(pl.col("published_at") <= close), past)
        assert part.equals(whole.filter(pl.col("ts") <= cut))


def test_intraday_bars_take_their_own_news_and_ages_in_sessions() -> None:
    hourly = SyntheticMarket(n_symbols=1, n_bars=40, timeframe=Timeframe.H1).bars()
    symbol, moment = hourly.symbols[0], hourly.frame["ts"][2] + timedelta(minutes=5)
    found = daily_sentiment(news_of((symbol, moment, 0.5)), hourly)
    assert found["news_count"][:5].to_list() == [None, None, 1.0, 0.0, 0.0]
    assert found["news_age"].to_list()[:2] == [None, None]
    assert found["news_age"].to_list()[2:30] == [0.0] * 5 + [1.0] * 7 + [2.0] * 7 + [3.0] * 7 + [None] * 2


def test_no_news_and_no_bars_are_no_figures_never_zero(bars: Bars) -> None:
    silent = daily_sentiment(news_of(), bars)
    assert silent.select(SENTIMENT_COLUMNS).null_count().row(0) == (bars.frame.height,) * len(SENTIMENT_COLUMNS)
    empty = daily_sentiment(news_of(("X", MONDAY, 0.5)), bars.with_frame(bars.frame.clear()))
    assert empty.is_empty()
    assert empty.schema == silent.schema


class Constant:
    """A scorer that always says the same."""

    name = "constant"

    def __init__(self, value: float, extra: int = 0) -> None:
        self.value, self.extra, self.asked = value, extra, 0

    def score(self, headlines: Sequence[str]) -> Floats:
        self.asked += len(headlines)
        return np.full(len(headlines) + self.extra, self.value)


def test_any_scorer_may_be_plugged_in_and_each_text_is_scored_once() -> None:
    news = news_of(("A", MONDAY, 0.0), ("B", MONDAY, 0.0)).drop("score").with_columns(pl.lit("same").alias("headline"))
    scorer = Constant(-0.25)
    assert scored(news, scorer)["score"].to_list() == [-0.25, -0.25]
    assert scorer.asked == 1
    assert scored(news, LexiconScorer())["score"].to_list() == [0.0, 0.0]


@pytest.mark.parametrize(("value", "extra"), [(1.5, 0), (float("nan"), 0), (0.5, 1)])
def test_a_scorer_that_breaks_its_promise_is_refused_by_name(value: float, extra: int) -> None:
    with pytest.raises(DataError, match="scorer constant gave"):
        scored(news_of(("A", MONDAY, 0.0)).drop("score"), Constant(value, extra))


def test_news_without_proper_scores_are_refused(bars: Bars, first: str) -> None:
    with pytest.raises(DataError, match="score the news"):
        daily_sentiment(news_of((first, MONDAY, 2.0)), bars)
    with pytest.raises(UsageError, match="the scored news have no column score"):
        daily_sentiment(news_of((first, MONDAY, 0.2)).drop("score"), bars)
