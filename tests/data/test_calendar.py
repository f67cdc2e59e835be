from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from augury.core.errors import UnknownName, UsageError
from augury.core.timeframe import Horizon, Timeframe
from augury.data.calendar import MarketCalendar, market_calendar


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def minutes_of(calendar: MarketCalendar, session: str) -> int:
    (minutes,) = calendar.schedule(day(session), day(session))["minutes"]
    return int(minutes)


@pytest.fixture(scope="module")
def xnys() -> MarketCalendar:
    return market_calendar("XNYS")


@pytest.mark.parametrize("closed", ["2025-01-09", "2018-12-05", "2012-10-29", "2001-09-11", "2018-12-25", "2018-12-22"])
def test_one_off_closures_holidays_and_weekends_are_no_sessions(xnys: MarketCalendar, closed: str) -> None:
    assert not xnys.is_session(day(closed))
    with pytest.raises(UsageError, match="is not a session of XNYS"):
        xnys.close_of(day(closed))


def test_a_half_day_closes_early_and_has_210_minutes(xnys: MarketCalendar) -> None:
    assert minutes_of(xnys, "2026-11-27") == 210
    assert xnys.close_of(day("2026-11-27")) == datetime(2026, 11, 27, 18, tzinfo=UTC)
    assert xnys.minutes_per_session == 390


def test_daylight_saving_moves_the_close_in_utc(xnys: MarketCalendar) -> None:
    assert xnys.close_of(day("2018-03-09")).hour == 21
    assert xnys.close_of(day("2018-03-12")).hour == 20
    assert xnys.schedule(day("2018-03-12"), day("2018-03-12"))["opens_at"].dt.hour().to_list() == [13]


def test_a_lunch_break_is_no_trading_time() -> None:
    tokyo = market_calendar("XTKS")
    assert minutes_of(tokyo, "2018-06-01") == 300
    assert minutes_of(tokyo, "2025-06-02") == tokyo.minutes_per_session == 330


def test_shift_counts_sessions_both_ways_and_comes_back(xnys: MarketCalendar) -> None:
    assert xnys.shift(day("2018-12-04"), 1) == day("2018-12-06")
    assert xnys.shift(day("2018-12-06"), -1) == day("2018-12-04")
    for n in (0, 3, 250, 5000):
        assert xnys.shift(xnys.shift(day("2012-10-26"), n), -n) == day("2012-10-26")


def test_the_last_session_of_a_week_skips_holidays(xnys: MarketCalendar) -> None:
    assert xnys.last_of_week(day("2018-03-26")) == day("2018-03-29")  # Good Friday
    assert xnys.last_of_week(day("2018-12-31")) == day("2019-01-04")


def test_the_table_grows_without_changing_an_answer() -> None:
    fresh = MarketCalendar("XNYS", market_calendar("XNYS")._build)
    before = (fresh.close_of(day("2018-12-31")), fresh.minutes_per_session)
    assert fresh.is_session(day("1950-01-03"))
    assert fresh.shift(day("2035-12-31"), 300).year == 2037
    assert (fresh.close_of(day("2018-12-31")), fresh.minutes_per_session) == before


@pytest.mark.parametrize("outside", ["1899-12-29", "2100-01-04"])
def test_a_day_outside_the_known_years_is_a_named_error(xnys: MarketCalendar, outside: str) -> None:
    with pytest.raises(UsageError, match="outside the years"):
        xnys.is_session(day(outside))


def test_a_market_with_bounds_of_its_own_says_so() -> None:
    with pytest.raises(UsageError, match=r"XTKS are known \(1997-01-01"):
        market_calendar("XTKS").is_session(date(1996, 5, 1))
    with pytest.raises(UsageError, match="outside the years"):
        market_calendar("XHKG").shift(day("2049-12-01"), 100)


def test_an_unknown_calendar_offers_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'XNYS'"):
        market_calendar("XNYC")


def test_an_alias_is_the_same_calendar(xnys: MarketCalendar) -> None:
    assert market_calendar("NYSE") is xnys


def test_around_the_clock_a_session_is_a_utc_day() -> None:
    crypto = market_calendar("24/7")
    assert crypto.close_of(day("2024-02-29")) == day("2024-03-01")
    assert minutes_of(crypto, "2024-02-29") == 1440
    assert crypto.last_of_week(day("2024-02-26")) == day("2024-03-03")
    assert crypto.sessions(day("2024-02-24"), day("2024-03-01")).len() == 7
    assert not market_calendar("24/5").is_session(day("2024-02-24"))


def test_sessions_are_utc_midnights_without_the_closures(xnys: MarketCalendar) -> None:
    sessions = xnys.sessions(date(2012, 10, 26), date(2012, 10, 31))
    assert sessions.dtype == pl.Datetime("us", "UTC")
    assert [moment.day for moment in sessions] == [26, 31]


def test_it_serves_the_protocol_of_core(xnys: MarketCalendar) -> None:
    assert Timeframe.W1.closes_at(day("2018-12-24"), xnys) == datetime(2018, 12, 28, 21, tzinfo=UTC)
    assert Timeframe.H4.closes_at(datetime(2026, 11, 27, 14, 30, tzinfo=UTC), xnys).hour == 18
    assert Horizon.parse("4h").bars(Timeframe.M15, xnys) == 16
