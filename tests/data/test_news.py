from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.errors import DataError, UsageError
from augury.core.timeframe import Timeframe
from augury.data.knowledge.news import NEWS_SCHEMA, assigned, checked_news, without_repeats
from augury.data.synthetic import SyntheticMarket

SECOND = timedelta(seconds=1)


def news_of(*moments: datetime, headline: str = "Profit rises") -> pl.DataFrame:
    rows = [("AAA", moment, headline) for moment in moments]
    return pl.DataFrame(rows, schema=NEWS_SCHEMA, orient="row")


def bars_of(timeframe: Timeframe, calendar: str = "XNYS") -> Bars:
    return Bars(pl.DataFrame(schema=BAR_SCHEMA), timeframe, calendar=calendar)


def day_of(moment: datetime, timeframe: Timeframe = Timeframe.D1, calendar: str = "XNYS") -> str:
    found: datetime = assigned(news_of(moment), bars_of(timeframe, calendar))["ts"].item()
    return found.date().isoformat()


@pytest.mark.parametrize(
    ("close", "day", "next_day"),
    [
        (datetime(2018, 12, 3, 21, tzinfo=UTC), "2018-12-03", "2018-12-04"),
        (datetime(2018, 12, 4, 21, tzinfo=UTC), "2018-12-04", "2018-12-06"),  # a day of mourning follows
        (datetime(2018, 12, 24, 18, tzinfo=UTC), "2018-12-24", "2018-12-26"),  # a half day before a holiday
        (datetime(2018, 12, 7, 21, tzinfo=UTC), "2018-12-07", "2018-12-10"),  # a weekend follows
        (datetime(2018, 7, 2, 20, tzinfo=UTC), "2018-07-02", "2018-07-03"),  # summer time
    ],
)
def test_news_one_second_after_the_close_belongs_to_the_next_session(close: datetime, day: str, next_day: str) -> None:
    assert day_of(close - SECOND) == day_of(close) == day
    assert day_of(close + timedelta(microseconds=1)) == day_of(close + SECOND) == next_day


def test_news_before_the_open_belongs_to_the_session_of_that_day() -> None:
    assert day_of(datetime(2018, 12, 4, 5, tzinfo=UTC)) == "2018-12-04"


def test_news_of_the_weekend_belongs_to_monday() -> None:
    for hours in (0, 20, 47):
        assert day_of(datetime(2018, 12, 8, tzinfo=UTC) + timedelta(hours=hours)) == "2018-12-10"


def test_each_market_has_its_own_close() -> None:
    moment = datetime(2018, 12, 3, 12, tzinfo=UTC)
    assert [day_of(moment, calendar=name) for name in ("XNYS", "XTKS", "24/7")] == [
        "2018-12-03",
        "2018-12-04",
        "2018-12-03",
    ]


def test_a_weekly_bar_takes_the_news_of_its_week() -> None:
    friday = datetime(2018, 12, 7, 21, tzinfo=UTC)
    assert day_of(friday, Timeframe.W1) == day_of(friday - timedelta(days=4), Timeframe.W1) == "2018-12-03"
    assert day_of(friday + SECOND, Timeframe.W1) == "2018-12-10"


def test_an_intraday_bar_takes_the_news_while_it_is_open() -> None:
    hourly = SyntheticMarket(n_symbols=1, n_bars=14, timeframe=Timeframe.H1).bars()
    open_ = hourly.frame["ts"][0]
    moments = [open_ + timedelta(minutes=1), open_ + timedelta(hours=1), open_ + timedelta(hours=1, microseconds=1)]
    found = assigned(news_of(*moments), hourly)
    assert found["ts"].to_list() == [open_, open_, hourly.frame["ts"][1]]
    night = assigned(news_of(open_ + timedelta(hours=9)), hourly)
    assert night["ts"].to_list() == [hourly.frame["ts"][7]]


def test_news_after_the_last_intraday_bar_has_no_bar_yet() -> None:
    hourly = SyntheticMarket(n_symbols=1, n_bars=14, timeframe=Timeframe.H1).bars()
    assert assigned(news_of(datetime(2011, 1, 3, tzinfo=UTC)), hourly)["ts"].to_list() == [None]


def test_a_bar_is_never_known_before_its_news() -> None:
    moments = [datetime(2018, 11, 20, tzinfo=UTC) + timedelta(hours=5 * n, minutes=n) for n in range(200)]
    found = assigned(news_of(*moments), bars_of(Timeframe.D1))
    assert (found["known_at"] >= found["published_at"]).all()


def test_repeats_of_a_headline_within_a_day_are_left_out_and_counted() -> None:
    at = datetime(2018, 12, 3, 15, tzinfo=UTC)
    day = timedelta(days=1)
    news = pl.concat(
        [
            news_of(at + day - SECOND, at, at + 2 * day, at + day, headline="Profit  rises"),
            news_of(at + SECOND, headline=" profit RISES"),
            news_of(at + SECOND).with_columns(pl.lit("BBB").alias("symbol")),
            news_of(at + SECOND, headline="Profit falls"),
        ]
    )
    kept, left_out = without_repeats(news)
    assert left_out == 3
    assert kept.filter((pl.col("symbol") == "AAA") & (pl.col("headline") == "Profit  rises"))[
        "published_at"
    ].to_list() == [at, at + 2 * day]
    assert kept.height + left_out == news.height


def test_a_repeat_is_decided_by_the_past_alone() -> None:
    at = datetime(2018, 12, 3, 15, tzinfo=UTC)
    news = news_of(*(at + timedelta(hours=9 * n) for n in range(12)))
    whole = without_repeats(news)[0]
    for cut in range(1, 12):
        part = without_repeats(news[:cut])[0]
        assert part.equals(whole.filter(pl.col("published_at") <= news["published_at"][cut - 1]))


@pytest.mark.parametrize("name", list(NEWS_SCHEMA))
def test_a_headline_without_symbol_time_or_text_is_refused(name: str) -> None:
    news = news_of(datetime(2018, 12, 3, 15, tzinfo=UTC)).with_columns(pl.lit(None).cast(NEWS_SCHEMA[name]).alias(name))
    with pytest.raises(DataError, match=f"1 of 1 headlines have no {name}: leave them out, never date them now"):
        checked_news(news)


def test_a_time_without_zone_and_a_missing_column_are_refused() -> None:
    naive = news_of(datetime(2018, 12, 3, 15, tzinfo=UTC)).with_columns(
        pl.col("published_at").dt.replace_time_zone(None)
    )
    with pytest.raises(DataError, match="time zone"):
        checked_news(naive)
    with pytest.raises(UsageError, match="the news have no column headline"):
        checked_news(naive.drop("headline"))


def test_no_news_is_an_empty_frame() -> None:
    found = assigned(news_of(), bars_of(Timeframe.D1))
    assert found.is_empty()
    assert found.columns == [*NEWS_SCHEMA, "ts", "known_at"]
