"""Which series are behind, stuck or full of holes; DAT-21."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import UsageError
from augury.core.timeframe import Timeframe
from augury.data.calendar.resample import to_weekly
from augury.data.lake import Lake
from augury.data.lake.health import SeriesHealth, health
from augury.data.synthetic import SyntheticMarket

FRIDAY = datetime(2018, 12, 7, 21, tzinfo=UTC)


def daily(last: str, n: int = 40) -> Bars:
    bars = SyntheticMarket(n_symbols=1, n_bars=120, start=datetime(2018, 9, 4, tzinfo=UTC)).bars()
    until = bars.frame.filter(pl.col("ts") <= datetime.fromisoformat(last).replace(tzinfo=UTC))
    return bars.with_frame(until.tail(n))


def judged(lake: Lake, bars: Bars, now: datetime, grace_minutes: int = 0) -> SeriesHealth:
    lake.write(bars)
    (row,) = health(lake, now, grace_minutes=grace_minutes)
    return row


def test_a_series_is_stale_once_a_whole_session_has_closed_without_a_bar(lake: Lake) -> None:
    thursday = daily("2018-12-06")
    assert judged(lake, thursday, FRIDAY - timedelta(seconds=1)).verdict == "ok"
    behind = judged(lake, thursday, FRIDAY)
    assert (behind.verdict, behind.sessions_behind, behind.alarming) == ("stale", 1, True)
    assert judged(lake, thursday, FRIDAY + timedelta(minutes=30), grace_minutes=60).verdict == "ok"


def test_weekends_holidays_and_one_off_closures_age_nobody(lake: Lake) -> None:
    sunday = judged(lake, daily("2018-12-07"), datetime(2018, 12, 9, 12, tzinfo=UTC))
    assert (sunday.verdict, sunday.sessions_behind) == ("ok", 0)
    mourning = judged(lake, daily("2018-12-04"), datetime(2018, 12, 6, 12, tzinfo=UTC))
    assert (mourning.verdict, mourning.sessions_behind) == ("ok", 0)


def test_a_week_is_behind_only_when_it_has_ended(lake: Lake) -> None:
    weekly = to_weekly(daily("2018-11-30", 60))
    assert judged(lake, weekly, FRIDAY - timedelta(minutes=1)).sessions_behind == 0
    assert judged(lake, weekly, FRIDAY).sessions_behind == 4  # the 5th was a day of mourning


def test_an_hourly_series_is_judged_by_its_session_and_not_by_its_utc_day(lake: Lake) -> None:
    sydney = SyntheticMarket(
        n_symbols=1, n_bars=60, timeframe=Timeframe.H1, calendar="XASX", start=datetime(2024, 2, 1, tzinfo=UTC)
    ).bars()
    close = datetime(2024, 2, 9, 5, 10, tzinfo=UTC)
    sydney = sydney.with_frame(sydney.frame.filter(pl.col("ts") < close))
    assert judged(lake, sydney, close).sessions_behind == 0
    opened = datetime(2024, 2, 11, 23, 30, tzinfo=UTC)  # Monday in Sydney, Sunday in UTC
    assert judged(lake, sydney, opened).sessions_behind == 0
    assert judged(lake, sydney, datetime(2024, 2, 12, 5, 10, tzinfo=UTC)).sessions_behind == 1


def test_holes_are_counted_by_the_calendar(lake: Lake) -> None:
    whole = daily("2018-12-07")
    hole = whole.with_frame(whole.frame.filter(~pl.col("ts").dt.day().is_in([13, 14])))
    found = judged(lake, hole, FRIDAY)
    assert (found.verdict, found.missing, found.alarming) == ("gaps", 2, False)


def test_intraday_holes_are_counted_by_session_and_half_days_are_whole(lake: Lake) -> None:
    bars = SyntheticMarket(
        n_symbols=1, n_bars=260, timeframe=Timeframe.M15, start=datetime(2018, 11, 15, tzinfo=UTC)
    ).bars()  # over the half day of 2018-11-23
    now = bars.frame["ts"][-1]
    assert judged(lake, bars, now).missing == 0
    thin = bars.with_frame(bars.frame.filter(pl.col("ts").dt.hour() != 17))
    assert judged(lake, thin, now).missing == sum(
        1 for ts in bars.frame["ts"][26:] if ts.hour == 17 and ts.date() != now.date()
    )


def test_a_feed_that_repeats_itself_is_stuck(lake: Lake) -> None:
    bars = daily("2018-12-07")
    last = pl.int_range(pl.len()) >= 10
    same = bars.with_frame(bars.frame.with_columns(pl.when(last).then(50.0).otherwise("close").alias("close")))
    found = judged(lake, same, FRIDAY)
    assert (found.verdict, found.equal_closes) == ("stuck", 30)


def test_now_needs_a_zone(lake: Lake) -> None:
    with pytest.raises(UsageError, match="time zone"):
        health(lake, FRIDAY.replace(tzinfo=None))
