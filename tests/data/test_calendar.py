from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime

import polars as pl
import pytest

from augury.core.errors import UnknownName, UsageError
from augury.core.timeframe import Horizon, Timeframe
from augury.data.calendar import MarketCalendar, market_calendar
from augury.data.calendar.openings import bar_opens


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


@pytest.mark.parametrize("name", ["AIXK", "XBOM", "XSAU", "XSES", "XTKS"])
def test_a_market_whose_years_are_bounded_has_a_calendar_within_them(name: str) -> None:
    calendar = market_calendar(name)
    assert 200 <= len(calendar.sessions(date(2023, 1, 1), date(2023, 12, 31))) <= 262


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


@pytest.mark.parametrize(
    ("calendar", "moment", "session"),
    [
        ("XASX", "2024-01-01T23:30", "2024-01-02"),  # 10:30 in Sydney
        ("CMES", "2024-01-01T23:30", "2024-01-02"),  # 17:30 in Chicago, the evening before
        ("XTKS", "2024-01-04T00:30", "2024-01-04"),
        ("24/5", "2024-01-07T22:00", "2024-01-08"),  # Sunday 17:00 in New York
        ("24/5", "2024-07-07T21:00", "2024-07-08"),  # and in summer
        ("24/5", "2024-01-05T21:59", "2024-01-05"),
        ("24/5", "2024-01-05T22:00", None),
        ("24/5", "2024-01-06T12:00", None),
        ("24/5", "2023-12-25T12:00", None),
        ("24/7", "2024-01-06T12:00", "2024-01-06"),
        ("XNYS", "2026-11-27T17:59", "2026-11-27"),
        ("XNYS", "2026-11-27T18:00", None),
    ],
)
def test_a_moment_belongs_to_the_exchanges_own_session(calendar: str, moment: str, session: str | None) -> None:
    found = market_calendar(calendar).session_of(day(moment))
    assert found == (None if session is None else day(session))


@pytest.mark.parametrize("name", ["XNYS", "XTKS", "XNSE", "XASX", "CMES", "24/5", "24/7"])
def test_a_column_is_answered_as_its_moments_are(name: str) -> None:
    calendar = market_calendar(name)
    ts = pl.datetime_range(day("2024-02-29"), day("2024-03-13"), "25m", time_zone="UTC", eager=True)
    assert calendar.sessions_of(ts, 15).to_list() == [calendar.session_of(moment, 15) for moment in ts]
    sessions = calendar.sessions(day("2024-02-20"), day("2024-03-20"))
    assert calendar.closes_of(sessions).to_list() == [calendar.close_of(session) for session in sessions]
    assert calendar.last_of_weeks(sessions).to_list() == [calendar.last_of_week(session) for session in sessions]
    assert (calendar.opens_of(sessions) < calendar.closes_of(sessions)).all()
    nowhere = pl.Series([None, day("2024-03-09")], dtype=sessions.dtype)
    assert calendar.opens_of(nowhere).null_count() >= (1 if name == "24/7" else 2)


def test_both_indian_exchanges_keep_one_calendar_with_its_diwali_hours() -> None:
    india = market_calendar("XNSE")
    assert india is market_calendar("XBOM")
    sunday = day("2019-10-27")
    assert india.is_session(sunday)
    assert minutes_of(india, "2019-10-27") == 60
    assert india.close_of(sunday) == datetime(2019, 10, 27, 13, 45, tzinfo=UTC)
    assert india.shift(day("2019-10-25"), 1) == sunday
    assert india.minutes_per_session == 375


def test_a_week_of_foreign_exchange_is_five_days_of_24_hours_across_both_clock_changes() -> None:
    forex = market_calendar("FX")
    table = forex.schedule(day("2024-03-04"), day("2024-11-08"))
    assert set(table["minutes"]) == {1440}
    assert forex.close_of(day("2024-03-08")).hour == 22
    assert forex.close_of(day("2024-03-11")).hour == 21
    assert table["opens_at"].dt.weekday().unique().to_list() == [1, 2, 3, 4, 7]


def test_asking_for_a_calendar_around_the_clock_imports_no_exchange() -> None:
    code = (
        "import sys; from augury.data.calendar import market_calendar as m; m('24/7'), m('24/5');"
        "sys.exit(any(name in sys.modules for name in ('exchange_calendars', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_grid_of_a_session_starts_at_its_open_and_again_after_lunch() -> None:
    assert bar_opens(Timeframe.M1, "XNYS", day("2026-11-27"), day("2026-11-27")).height == 210
    tokyo = bar_opens(Timeframe.H4, "XTKS", day("2024-01-04"), day("2024-01-05"))
    assert tokyo["ts"].dt.strftime("%d %H:%M").to_list() == ["04 00:00", "04 03:30", "05 00:00", "05 03:30"]
    sydney = bar_opens(Timeframe.H1, "XASX", day("2024-01-02"), day("2024-01-02"))
    assert sydney["session"].unique().to_list() == [day("2024-01-02")]
    assert sydney["ts"][0] == datetime(2024, 1, 1, 23, tzinfo=UTC)
