from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from augury.core.errors import UsageError
from augury.core.timeframe import Timeframe
from augury.data.availability import closed
from augury.data.resample import to_weekly
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
