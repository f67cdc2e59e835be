"""What is a gap: the calendar decides."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.calendar.openings import opening_times
from augury.labels.windows.gaps import gap_before

START = datetime(2018, 11, 12, tzinfo=UTC)
GRIDS = [
    (Timeframe.D1, "XNYS"),
    (Timeframe.W1, "XNYS"),
    (Timeframe.H1, "XNYS"),
    (Timeframe.H4, "XNYS"),
    (Timeframe.M15, "XTKS"),
    (Timeframe.H1, "XTKS"),
    (Timeframe.D1, "24/7"),
    (Timeframe.H1, "24/7"),
    (Timeframe.M15, "24/7"),
    (Timeframe.H1, "24/5"),
]


def moments(timeframe: Timeframe, calendar: str, n: int = 300) -> pl.Series:
    times = opening_times(timeframe, calendar, START, n)
    return pl.Series("ts", times, dtype=pl.Datetime("us", "UTC"))


@pytest.mark.parametrize(("timeframe", "calendar"), GRIDS)
def test_holidays_nights_half_days_and_lunch_are_no_gaps(timeframe: Timeframe, calendar: str) -> None:
    assert not gap_before(moments(timeframe, calendar), timeframe, market_calendar(calendar)).any()


@pytest.mark.parametrize(("timeframe", "calendar"), GRIDS)
def test_one_missing_bar_is_one_gap_behind_it(timeframe: Timeframe, calendar: str) -> None:
    ts = moments(timeframe, calendar)
    for at in (1, 40, 150, 151, 152, 153, 298):
        kept = pl.concat([ts[:at], ts[at + 1 :]])
        found = gap_before(kept, timeframe, market_calendar(calendar))
        assert found.nonzero()[0].tolist() == [at], (timeframe, calendar, ts[at])


def test_a_first_bar_of_half_an_hour_is_no_gap_and_its_absence_is_one() -> None:
    day = [datetime(2024, 7, 1, 13, 30, tzinfo=UTC), *(datetime(2024, 7, 1, h, tzinfo=UTC) for h in range(14, 20))]
    both = day + [moment + timedelta(days=1) for moment in day]
    ts = pl.Series(both, dtype=pl.Datetime("us", "UTC"))
    calendar = market_calendar("XNYS")
    assert not gap_before(ts, Timeframe.H1, calendar).any()
    without = ts.filter(ts != both[7])
    assert gap_before(without, Timeframe.H1, calendar).nonzero()[0].tolist() == [7]


def test_bars_outside_the_sessions_are_no_gaps() -> None:
    days = pl.Series([date(2018, 12, 4), date(2018, 12, 5), date(2018, 12, 6)]).cast(pl.Datetime("us", "UTC"))
    assert not gap_before(days, Timeframe.D1, market_calendar("XNYS")).any()
    before_open = pl.Series([datetime(2018, 12, 4, hour, tzinfo=UTC) for hour in (8, 12)], dtype=days.dtype)
    assert not gap_before(before_open, Timeframe.H1, market_calendar("XNYS")).any()


def test_a_single_bar_has_no_gap() -> None:
    assert gap_before(moments(Timeframe.D1, "XNYS", 1), Timeframe.D1, market_calendar("XNYS")).tolist() == [False]
