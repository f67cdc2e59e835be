from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from augury.core.errors import UsageError
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.calendar.availability import closed, known_at
from augury.data.calendar.openings import bar_opens
from augury.data.calendar.resample import to_weekly
from augury.data.sources import SOURCES
from augury.data.synthetic import SyntheticMarket

CLOSE = datetime(2018, 12, 31, 21, tzinfo=UTC)


def test_a_daily_bar_is_known_at_its_close_and_not_a_second_earlier() -> None:
    bars = SOURCES.load("arch").load(["^GSPC"])
    assert closed(bars, CLOSE).frame["ts"].max() == datetime(2018, 12, 31, tzinfo=UTC)
    assert closed(bars, CLOSE - timedelta(seconds=1)).frame["ts"].max() == datetime(2018, 12, 28, tzinfo=UTC)


def test_a_half_day_is_known_earlier() -> None:
    bars = SOURCES.load("arch").load(["^GSPC"])
    assert closed(bars, datetime(2018, 12, 24, 18, tzinfo=UTC)).frame["ts"].max() == datetime(2018, 12, 24, tzinfo=UTC)


def test_grace_waits_for_corrections() -> None:
    bars = SOURCES.load("arch").load(["^GSPC"])
    assert closed(bars, CLOSE, grace_minutes=15).frame["ts"].max() == datetime(2018, 12, 28, tzinfo=UTC)
    assert closed(bars, CLOSE + timedelta(minutes=15), grace_minutes=15).frame.height == bars.frame.height


def test_a_weekly_bar_is_known_at_the_close_of_its_last_session() -> None:
    weekly = to_weekly(SOURCES.load("arch").load(["^GSPC"]))
    friday = datetime(2018, 12, 28, 21, tzinfo=UTC)
    assert closed(weekly, friday).frame.height == weekly.frame.height
    assert closed(weekly, friday - timedelta(minutes=1)).frame.height == weekly.frame.height - 1


def test_an_intraday_bar_is_cut_by_the_end_of_the_session() -> None:
    hourly = SyntheticMarket(n_symbols=1, n_bars=7, timeframe=Timeframe.H1).bars()
    assert closed(hourly, datetime(2010, 1, 4, 21, tzinfo=UTC)).frame.height == 7
    assert closed(hourly, datetime(2010, 1, 4, 20, 59, tzinfo=UTC)).frame.height == 6


def test_nothing_is_known_of_the_future() -> None:
    bars = SOURCES.load("arch").load(["^GSPC"])
    assert closed(bars, datetime(1998, 1, 1, tzinfo=UTC)).frame.is_empty()


def test_now_needs_a_zone() -> None:
    with pytest.raises(UsageError, match="time zone"):
        closed(SOURCES.load("arch").load(["^GSPC"]), CLOSE.replace(tzinfo=None))


@pytest.mark.parametrize("timeframe", list(Timeframe))
@pytest.mark.parametrize("name", ["XNYS", "XTKS", "XASX", "CMES", "24/5", "24/7"])
def test_a_whole_column_is_known_when_each_of_its_bars_is(name: str, timeframe: Timeframe) -> None:
    calendar = market_calendar(name)
    ts = bar_opens(timeframe, name, datetime(2024, 3, 4, tzinfo=UTC), datetime(2024, 3, 15, tzinfo=UTC))["ts"]
    ts = ts.gather_every(max(1, ts.len() // 60))
    known = known_at(ts, timeframe, name)
    assert known.to_list() == [timeframe.closes_at(moment, calendar) for moment in ts]
    assert (known > ts).all()


def test_a_bar_that_opens_on_the_utc_day_before_its_session_closes_with_its_session() -> None:
    sydney, chicago = market_calendar("XASX"), market_calendar("CMES")
    assert Timeframe.H1.closes_at(datetime(2024, 1, 1, 23, tzinfo=UTC), sydney) == datetime(2024, 1, 2, tzinfo=UTC)
    assert Timeframe.H4.closes_at(datetime(2024, 1, 2, 3, tzinfo=UTC), sydney) == sydney.close_of(
        datetime(2024, 1, 2, tzinfo=UTC)
    )
    eve = datetime(2024, 7, 4, 16, tzinfo=UTC)  # Independence Day: futures stop at noon in Chicago
    assert Timeframe.H4.closes_at(eve, chicago) == datetime(2024, 7, 4, 17, tzinfo=UTC)


def test_the_last_bar_of_a_half_day_is_known_at_its_early_close() -> None:
    last = datetime(2026, 11, 27, 17, 30, tzinfo=UTC)
    assert Timeframe.H1.closes_at(last, market_calendar("XNYS")) == datetime(2026, 11, 27, 18, tzinfo=UTC)
