from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, UsageError
from augury.core.timeframe import Timeframe
from augury.data.resample import resample, to_weekly
from augury.data.sources import SOURCES
from augury.data.synthetic import SyntheticMarket


@pytest.fixture(scope="module")
def daily() -> Bars:
    return SOURCES.load("arch").load(["^GSPC"])


def test_a_week_is_first_open_highest_high_lowest_low_last_close_summed_volume(daily: Bars) -> None:
    week = daily.frame.filter(
        pl.col("ts").is_between(datetime(2018, 12, 3, tzinfo=UTC), datetime(2018, 12, 7, tzinfo=UTC))
    )
    assert week.height == 4  # the 5th was a day of mourning
    made = to_weekly(daily).frame.filter(pl.col("ts") == datetime(2018, 12, 3, tzinfo=UTC)).row(0, named=True)
    assert made["open"] == week["open"][0]
    assert (made["high"], made["low"]) == (week["high"].max(), week["low"].min())
    assert made["close"] == made["adj_close"] == week["close"][-1]
    assert made["volume"] == week["volume"].sum()


def test_a_week_is_named_by_its_first_session(daily: Bars) -> None:
    weekly = to_weekly(daily)
    assert weekly.timeframe is Timeframe.W1
    starts = set(weekly.frame["ts"].to_list())
    assert datetime(2018, 9, 4, tzinfo=UTC) in starts  # Labor Day was the 3rd
    assert datetime(2018, 9, 3, tzinfo=UTC) not in starts


def test_the_last_week_is_kept_only_when_its_last_session_is_there(daily: Bars) -> None:
    assert to_weekly(daily).frame["ts"].max() == datetime(2018, 12, 24, tzinfo=UTC)
    friday = daily.with_frame(daily.frame.filter(pl.col("ts") <= datetime(2018, 3, 29, tzinfo=UTC)))
    assert to_weekly(friday).frame["ts"].max() == datetime(2018, 3, 26, tzinfo=UTC)  # Good Friday ends it early


@pytest.mark.parametrize("days", range(1, 12))
def test_cutting_the_feed_changes_no_kept_week(daily: Bars, days: int) -> None:
    whole, cut = to_weekly(daily).frame, to_weekly(daily.with_frame(daily.frame.head(-days))).frame
    assert whole.head(cut.height).equals(cut)
    assert whole.height - cut.height <= 3


def test_a_gap_at_the_end_of_a_week_does_not_drop_it_once_a_later_week_is_there(daily: Bars) -> None:
    gap = daily.with_frame(daily.frame.filter(pl.col("ts") != datetime(2018, 11, 30, tzinfo=UTC)))
    assert to_weekly(gap).frame["ts"].equals(to_weekly(daily).frame["ts"])


def test_a_missing_first_session_does_not_rename_the_week(daily: Bars) -> None:
    gap = daily.with_frame(daily.frame.filter(pl.col("ts") != datetime(2018, 11, 26, tzinfo=UTC)))
    assert to_weekly(gap).frame["ts"].equals(to_weekly(daily).frame["ts"])


def test_close_only_bars_stay_close_only_and_volume_never_becomes_zero() -> None:
    weekly = to_weekly(SOURCES.load("skfolio").load(["KO", "PG"]))
    assert weekly.close_only
    for name in ("open", "high", "low", "volume"):
        assert weekly.frame[name].null_count() == weekly.frame.height
    assert weekly.frame["close"].null_count() == 0


def test_symbols_end_each_in_their_own_week(bars: Bars) -> None:
    early = bars.frame.filter((pl.col("symbol") != "SYN002") | (pl.col("ts") < datetime(2010, 3, 3, tzinfo=UTC)))
    weekly = to_weekly(bars.with_frame(early))
    assert weekly.of("SYN002").frame["ts"].max() == datetime(2010, 2, 22, tzinfo=UTC)
    assert weekly.of("SYN001").frame["ts"].max() == to_weekly(bars).of("SYN001").frame["ts"].max()


def test_a_week_around_the_clock_ends_on_sunday() -> None:
    crypto = SyntheticMarket(n_symbols=1, n_bars=20, calendar="24/7").bars()  # from Monday 2010-01-04
    assert [ts.day for ts in to_weekly(crypto).frame["ts"]] == [4, 11]
    assert to_weekly(crypto.with_frame(crypto.frame.head(13))).frame.height == 1


def test_intraday_bars_become_closed_days_only() -> None:
    hourly = SyntheticMarket(n_symbols=1, n_bars=70, timeframe=Timeframe.H1).bars()
    daily = resample(hourly, Timeframe.D1)
    assert daily.frame.height == 10
    assert daily.frame["close"][-1] == hourly.frame["close"][-1]
    assert resample(hourly.with_frame(hourly.frame.head(-1)), Timeframe.D1).frame.height == 9
    assert to_weekly(hourly).frame.height == 2


def test_bars_in_a_week_without_sessions_are_an_error(bars: Bars) -> None:
    stray = bars.with_frame(bars.frame.head(1).with_columns(ts=pl.lit(datetime(2018, 12, 5, tzinfo=UTC))))
    assert to_weekly(stray).frame.is_empty()
    shanghai = Bars(
        stray.frame.with_columns(ts=pl.lit(datetime(2020, 1, 29, tzinfo=UTC))), Timeframe.D1, calendar="XSHG"
    )
    with pytest.raises(DataError, match="week without a session of XSHG"):
        to_weekly(shanghai)


def test_shorter_bars_cannot_be_made(bars: Bars) -> None:
    assert resample(bars, Timeframe.D1) is bars
    with pytest.raises(UsageError, match="cannot make h1 bars from d1 bars"):
        resample(bars, Timeframe.H1)
    assert to_weekly(bars.with_frame(bars.frame.clear())).frame.is_empty()
