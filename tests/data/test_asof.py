from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.errors import DataError, UsageError
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.calendar.resample import to_weekly
from augury.data.knowledge.asof import asof_join, known_at, utc_moments
from augury.data.synthetic import SyntheticMarket

MICROSECOND = timedelta(microseconds=1)
CLOSE = datetime(2010, 1, 14, 21, tzinfo=UTC)


def facts_of(*rows: tuple[Any, ...], names: tuple[str, ...] = ("symbol", "available_at", "eps")) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=list(names), orient="row")


@pytest.fixture(scope="module")
def spine() -> pl.DataFrame:
    bars = SyntheticMarket(n_symbols=2, n_bars=40).bars()
    return bars.frame.select("symbol", "ts").with_columns(known_at(bars))


@pytest.fixture(scope="module")
def symbol(spine: pl.DataFrame) -> str:
    return str(spine["symbol"][0])


def first_seen(spine: pl.DataFrame, facts: pl.DataFrame) -> datetime:
    seen = asof_join(spine, facts).filter(pl.col("eps").is_not_null())
    moment = seen["ts"].min()
    assert isinstance(moment, datetime)
    return moment


@pytest.mark.parametrize("timeframe", list(Timeframe))
def test_a_column_of_bars_is_known_when_each_bar_is(timeframe: Timeframe) -> None:
    market = SyntheticMarket(n_symbols=1, n_bars=30, timeframe=timeframe) if timeframe is not Timeframe.W1 else None
    bars = market.bars() if market else to_weekly(SyntheticMarket(n_symbols=1, n_bars=30).bars())
    calendar = market_calendar(bars.calendar)
    expected = [bars.timeframe.closes_at(ts, calendar) for ts in bars.frame["ts"]]
    assert known_at(bars).to_list() == expected


def test_a_bar_on_no_session_was_never_known() -> None:
    saturday = datetime(2018, 12, 8, tzinfo=UTC)
    frame = pl.DataFrame([("A", saturday, 1.0, 1.0, 1.0, 1.0, 1.0)], schema=BAR_SCHEMA, orient="row")
    with pytest.raises(DataError, match=r"A: the d1 bar of 2018-12-08T00:00:00Z lies on no session of XNYS"):
        known_at(Bars(frame, Timeframe.D1))


def test_what_is_published_at_the_close_is_seen_and_a_microsecond_later_is_not(
    spine: pl.DataFrame, symbol: str
) -> None:
    assert first_seen(spine, facts_of((symbol, CLOSE, 1.0))).day == 14
    assert first_seen(spine, facts_of((symbol, CLOSE + MICROSECOND, 1.0))).day == 15


def test_a_statement_after_the_close_is_invisible_until_the_next_session(spine: pl.DataFrame, symbol: str) -> None:
    friday_evening = datetime(2010, 1, 15, 21, 5, tzinfo=UTC)
    # 2010-01-18 was a holiday: the next session is Tuesday.
    assert first_seen(spine, facts_of((symbol, friday_evening, 1.0))) == datetime(2010, 1, 19, tzinfo=UTC)


@pytest.mark.parametrize("at", [5, 9, 20])
def test_moving_a_publication_one_session_later_delays_its_effect_by_one_session(
    spine: pl.DataFrame, symbol: str, at: int
) -> None:
    days = spine.filter(pl.col("symbol") == symbol)
    published = [row["known_at"] - timedelta(hours=1) for row in days[at : at + 2].iter_rows(named=True)]
    seen = [first_seen(spine, facts_of((symbol, moment, 1.0))) for moment in published]
    assert seen == days["ts"][at : at + 2].to_list()


def test_a_publication_one_day_later_delays_its_first_effect_by_one_session(spine: pl.DataFrame, symbol: str) -> None:
    tuesday = datetime(2010, 1, 12, 21, 30, tzinfo=UTC)
    first, later = (first_seen(spine, facts_of((symbol, tuesday + timedelta(days=n), 1.0))) for n in (0, 1))
    assert market_calendar("XNYS").shift(first, 1) == later


def test_cutting_the_facts_of_the_future_changes_nothing_before(spine: pl.DataFrame) -> None:
    symbols = spine["symbol"].unique().sort()
    moments = [datetime(2010, 1, 4, tzinfo=UTC) + timedelta(hours=29 * n) for n in range(40)]
    facts = facts_of(*((symbols[n % 2], moment, float(n)) for n, moment in enumerate(moments)))
    whole = asof_join(spine, facts)
    for cut in spine["known_at"].unique().sort()[::6]:
        past = asof_join(spine, facts.filter(pl.col("available_at") <= cut))
        before = pl.col("known_at") <= cut
        assert past.filter(before).equals(whole.filter(before))


def test_rows_and_facts_may_come_in_any_order_and_rows_keep_theirs(spine: pl.DataFrame, symbol: str) -> None:
    facts = facts_of(*((symbol, CLOSE + timedelta(days=n), float(n)) for n in range(8)))
    mixed = spine.sample(fraction=1.0, shuffle=True, seed=3)
    found = asof_join(mixed, facts.reverse())
    assert found.select("symbol", "ts").equals(mixed.select("symbol", "ts"))
    assert found.sort("symbol", "ts").equals(asof_join(spine, facts))


def test_a_null_stays_null_and_hides_the_value_before_it(spine: pl.DataFrame, symbol: str) -> None:
    facts = facts_of((symbol, CLOSE, 1.0), (symbol, CLOSE + timedelta(days=1), None))
    found = asof_join(spine, facts).filter(pl.col("symbol") == symbol)
    assert found.filter(pl.col("eps").is_not_null())["ts"].to_list() == [datetime(2010, 1, 14, tzinfo=UTC)]


def test_a_symbol_sees_only_its_own_facts(spine: pl.DataFrame, symbol: str) -> None:
    other = asof_join(spine, facts_of((symbol, CLOSE, 1.0))).filter(pl.col("symbol") != symbol)
    assert other["eps"].null_count() == other.height


def test_facts_about_the_market_are_seen_by_every_symbol(spine: pl.DataFrame) -> None:
    facts = facts_of((CLOSE, 3.0), names=("available_at", "rate"))
    found = asof_join(spine, facts, by=(), prefix="fed_")
    assert found.filter(pl.col("known_at") >= CLOSE)["fed_rate"].to_list() == [3.0] * 64
    assert found.columns[-2:] == ["fed_rate", "fed_age"]


def test_the_age_is_how_long_a_fact_has_been_public(spine: pl.DataFrame, symbol: str) -> None:
    found = asof_join(spine, facts_of((symbol, CLOSE - timedelta(hours=2), 1.0)))
    assert found["age"].drop_nulls()[:2].to_list() == [timedelta(hours=2), timedelta(hours=26)]


def test_a_fact_older_than_the_limit_is_not_seen(spine: pl.DataFrame, symbol: str) -> None:
    found = asof_join(spine, facts_of((symbol, CLOSE, 1.0)), max_age=timedelta(days=1))
    assert found["eps"].drop_nulls().len() == 2
    assert found["age"].max() == timedelta(days=1)


def test_a_correction_counts_from_its_own_publication(spine: pl.DataFrame, symbol: str) -> None:
    facts = facts_of((symbol, CLOSE, 1.0), (symbol, CLOSE + timedelta(days=4, seconds=1), 9.0))
    found = asof_join(spine, facts).filter(pl.col("symbol") == symbol).drop_nulls("eps")
    assert found["eps"][:3].to_list() == [1.0, 1.0, 9.0]
    assert found["ts"][2] == datetime(2010, 1, 19, tzinfo=UTC)


def test_a_correction_of_an_old_period_does_not_displace_a_newer_one(spine: pl.DataFrame, symbol: str) -> None:
    first, second = date(2009, 9, 30), date(2009, 12, 31)
    day = timedelta(days=1)
    facts = facts_of(
        (symbol, first, CLOSE, 1.0),
        (symbol, second, CLOSE + day, 2.0),
        (symbol, first, CLOSE + 5 * day, 1.5),
        (symbol, second, CLOSE + 6 * day, 2.5),
        (symbol, first, CLOSE + 6 * day, 1.6),
        names=("symbol", "observed", "available_at", "eps"),
    )
    found = asof_join(spine, facts, observed="observed").drop_nulls("eps")
    assert found["eps"].unique(maintain_order=True).to_list() == [1.0, 2.0, 2.5]


def test_finer_times_are_rounded_up_and_zones_are_converted() -> None:
    frame = pl.DataFrame({"at": [1_000_000_001]}).select(pl.from_epoch("at", "ns").dt.replace_time_zone("UTC"))
    assert utc_moments(frame, "at").item() == datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=UTC)
    local = pl.DataFrame({"at": [CLOSE]}).with_columns(pl.col("at").dt.convert_time_zone("America/New_York"))
    assert utc_moments(local, "at").item() == CLOSE


def test_a_time_without_zone_is_refused(spine: pl.DataFrame, symbol: str) -> None:
    with pytest.raises(DataError, match=r"'available_at' is Datetime.* needs a date, a time and a time zone"):
        asof_join(spine, facts_of((symbol, CLOSE.replace(tzinfo=None), 1.0)))


def test_a_fact_without_publication_is_refused_and_never_dated_now(spine: pl.DataFrame, symbol: str) -> None:
    with pytest.raises(DataError, match="1 of 2 facts have no available_at"):
        asof_join(spine, facts_of((symbol, CLOSE, 1.0), (symbol, None, 2.0)))


def test_two_different_facts_of_one_moment_are_refused_and_equal_ones_are_one(spine: pl.DataFrame, symbol: str) -> None:
    once = facts_of((symbol, CLOSE, 1.0))
    assert asof_join(spine, pl.concat([once, once])).equals(asof_join(spine, once))
    with pytest.raises(DataError, match="two different facts became public at 2010-01-14T21:00:00Z"):
        asof_join(spine, facts_of((symbol, CLOSE, 1.0), (symbol, CLOSE, 2.0)))


def test_no_column_is_overwritten_or_missing(spine: pl.DataFrame, symbol: str) -> None:
    facts = facts_of((symbol, CLOSE, 1.0), names=("symbol", "available_at", "ts"))
    with pytest.raises(UsageError, match="already have a column ts"):
        asof_join(spine, facts)
    with pytest.raises(UsageError, match="the facts have no column available_at"):
        asof_join(spine, facts.drop("available_at"))


def test_an_empty_frame_has_no_moments() -> None:
    bars = Bars(pl.DataFrame(schema=BAR_SCHEMA), Timeframe.D1)
    assert known_at(bars).len() == 0
