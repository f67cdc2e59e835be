from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, UsageError
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import known_at
from augury.data.calendar.openings import bar_opens
from augury.data.calendar.resample import resample, to_weekly
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


LADDER = [Timeframe.M1, Timeframe.M5, Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1]


def minutes(calendar: str, n_bars: int, start: datetime, timeframe: Timeframe = Timeframe.M1) -> Bars:
    return SyntheticMarket(1, n_bars, timeframe=timeframe, calendar=calendar, start=start).bars()


@pytest.mark.parametrize("calendar", ["XNYS", "XTKS", "XASX", "CMES", "24/5", "24/7"])
def test_every_step_of_the_ladder_gives_what_a_single_leap_gives(calendar: str) -> None:
    bars = minutes(calendar, 14_000, datetime(2024, 3, 6, tzinfo=UTC), Timeframe.M5)
    step = bars
    for timeframe in LADDER[2:]:
        step = resample(step, timeframe)
        assert step.frame.equals(resample(bars, timeframe).frame)
        if timeframe.minutes is not None:
            due = bar_opens(timeframe, calendar, bars.frame["ts"][0], bars.frame["ts"][-1])["ts"]
            assert step.frame["ts"].is_in(due.implode()).all()
            assert step.frame["volume"].sum() == pytest.approx(
                bars.frame.filter(pl.col("ts") < known_at(step.frame["ts"], timeframe, calendar).max())["volume"].sum()
            )


@pytest.mark.parametrize("timeframe", LADDER[1:])
@pytest.mark.parametrize("calendar", ["XNYS", "XTKS", "24/5"])
def test_cutting_the_feed_anywhere_changes_no_kept_bar_and_none_is_known_too_early(
    calendar: str, timeframe: Timeframe
) -> None:
    bars = minutes(calendar, 9000, datetime(2024, 3, 4, tzinfo=UTC))
    whole = resample(bars, timeframe).frame
    for rows in (8999, 8990, 7771, 6000, 4321, 1500):
        cut = bars.with_frame(bars.frame.head(rows))
        kept = resample(cut, timeframe).frame
        assert whole.head(kept.height).equals(kept)
        if kept.height:
            seen = known_at(cut.frame["ts"].tail(1), Timeframe.M1, calendar)[0]
            # Where a lunch break follows, the bar is said to be known later than it is, never earlier.
            breaks = calendar == "XTKS" and timeframe.minutes is not None
            assert breaks or known_at(kept["ts"], timeframe, calendar).max() <= seen


def test_a_half_day_makes_fewer_bars_and_a_lunch_break_none() -> None:
    friday = minutes("XNYS", 210, datetime(2026, 11, 27, tzinfo=UTC))
    hours = resample(friday, Timeframe.H1).frame
    assert hours["ts"].dt.strftime("%H:%M").to_list() == ["14:30", "15:30", "16:30", "17:30"]
    assert hours["close"][-1] == friday.frame["close"][-1]
    assert resample(friday, Timeframe.D1).frame["ts"].to_list() == [datetime(2026, 11, 27, tzinfo=UTC)]
    tokyo = resample(minutes("XTKS", 300, datetime(2024, 1, 4, tzinfo=UTC)), Timeframe.H1).frame
    assert tokyo["ts"].dt.strftime("%H:%M").to_list() == ["00:00", "01:00", "02:00", "03:30", "04:30", "05:30"]


def test_a_gap_makes_no_bar_and_a_missing_volume_is_not_zero() -> None:
    bars = minutes("XNYS", 390, datetime(2024, 3, 4, tzinfo=UTC))
    hole = bars.frame.filter(pl.col("ts").dt.hour() != 16)
    made = resample(bars.with_frame(hole), Timeframe.M15).frame
    assert made.height == 26 - 4
    unknown = bars.frame.with_columns(pl.when(pl.int_range(pl.len()) != 7).then("volume").alias("volume"))
    assert resample(bars.with_frame(unknown), Timeframe.M15).frame["volume"].null_count() == 1


def test_days_are_sessions_and_not_utc_days() -> None:
    bars = minutes("24/5", 4 * 96, datetime(2024, 3, 8, tzinfo=UTC), Timeframe.M15)
    days = resample(bars, Timeframe.D1).frame["ts"]
    assert days.dt.date().to_list() == [datetime(2024, 3, day).date() for day in (8, 11, 12, 13)]
    sydney = resample(minutes("XASX", 28, datetime(2024, 1, 1, tzinfo=UTC), Timeframe.H1), Timeframe.D1).frame["ts"]
    assert sydney.dt.date().to_list() == [datetime(2024, 1, day).date() for day in (2, 3, 4, 5)]


def test_a_bar_across_two_longer_ones_is_never_known_before_it_ended() -> None:
    clock = minutes("XNYS", 390, datetime(2024, 3, 4, tzinfo=UTC))
    opens = clock.frame["ts"].dt.truncate("1h")
    hourly = clock.frame.group_by(opens, maintain_order=True).agg(
        pl.col("symbol").first(), pl.col("open").first(), pl.col("high").max(), pl.col("low").min(),
        pl.col("close").last(), pl.col("volume").sum(),
    )  # fmt: skip
    vendor = Bars(hourly.select(clock.frame.columns), Timeframe.H1)  # 14:00, 15:00 … as many vendors count
    four = resample(vendor, Timeframe.H4).frame
    known = known_at(four["ts"], Timeframe.H4, "XNYS")
    for close, moment in zip(four["close"], known, strict=True):
        (at,) = clock.frame.filter(pl.col("close") == close)["ts"].tail(1)
        assert at < moment


def test_bars_outside_every_session_are_refused_unless_they_are_to_be_left_out() -> None:
    bars = minutes("XNYS", 390, datetime(2024, 3, 4, tzinfo=UTC))
    early = bars.frame.head(1).with_columns(ts=pl.lit(datetime(2024, 3, 4, 9, tzinfo=UTC)).cast(bars.frame["ts"].dtype))
    both = bars.with_frame(pl.concat([early, bars.frame]))
    with pytest.raises(DataError, match=r"bar of 2024-03-04T09:00:00Z lies outside every session of XNYS \(1 such"):
        resample(both, Timeframe.H1)
    assert resample(both, Timeframe.H1, leave_out_strays=True).frame.equals(resample(bars, Timeframe.H1).frame)
