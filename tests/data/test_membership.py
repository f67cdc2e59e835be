from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.errors import DataError, UsageError
from augury.core.timeframe import Timeframe
from augury.data.knowledge.membership import Membership

INTERVALS = pl.DataFrame(
    {
        "ticker": ["AAL", "AAL", "NEW", "OLD"],
        "start": [date(1996, 1, 2), date(2015, 3, 23), date(2015, 3, 24), date(1996, 1, 2)],
        "end": [date(1997, 1, 15), None, None, date(2015, 3, 24)],
    }
)


@pytest.fixture(scope="module")
def universe() -> Membership:
    return Membership.from_intervals(INTERVALS, symbol="ticker", start="start", end="end", end_included=False)


@pytest.fixture(scope="module")
def bars() -> Bars:
    rows = [
        (symbol, datetime(2015, 3, day, tzinfo=UTC), 1.0, 1.0, 1.0, 1.0, 1.0)
        for symbol in ("AAL", "NEW", "OLD", "XXX")
        for day in (20, 23, 24)
    ]
    return Bars(pl.DataFrame(rows, schema=BAR_SCHEMA, orient="row"), Timeframe.D1)


def test_a_day_has_the_members_of_that_day(universe: Membership) -> None:
    assert universe.members_on(date(1997, 1, 14)) == ["AAL", "OLD"]
    assert universe.members_on(date(1997, 1, 15)) == ["OLD"]
    assert universe.members_on(date(2015, 3, 23)) == ["AAL", "OLD"]
    assert universe.members_on(date(2015, 3, 24)) == ["AAL", "NEW"]
    assert universe.members_on(date(1990, 1, 2)) == []


def test_an_end_may_be_the_last_day_or_the_first_without(universe: Membership) -> None:
    included = Membership.from_intervals(INTERVALS, symbol="ticker", start="start", end="end", end_included=True)
    assert "OLD" in included.members_on(date(2015, 3, 24))
    assert "OLD" not in universe.members_on(date(2015, 3, 24))


def test_bars_are_masked_by_the_membership_of_their_day(universe: Membership, bars: Bars) -> None:
    kept = bars.frame.filter(universe.mask(bars)).select("symbol", pl.col("ts").dt.day()).rows()
    assert kept == [("AAL", 23), ("AAL", 24), ("NEW", 24), ("OLD", 20), ("OLD", 23)]
    for day in (20, 23, 24):
        assert sorted(symbol for symbol, at in kept if at == day) == universe.members_on(date(2015, 3, day))


def test_the_coverage_of_the_historical_universe_is_a_line(universe: Membership, bars: Bars) -> None:
    part = bars.with_frame(bars.frame.filter(pl.col("symbol") != "OLD"))
    found = universe.coverage(part, date(2015, 3, 23))
    assert str(found) == "1 of 2 members of 2015-03-23 have bars"
    assert (found.present, found.missing) == (1, ("OLD",))
    assert str(universe.coverage(bars, date(2015, 3, 25))) == "0 of 2 members of 2015-03-25 have bars"


def test_overlapping_intervals_and_other_columns_are_refused(universe: Membership) -> None:
    with pytest.raises(DataError, match=r"AAL .* overlaps the record from"):
        Membership(pl.concat([universe.frame, universe.frame[:1]]))
    with pytest.raises(UsageError, match="not a membership frame"):
        Membership(universe.frame.rename({"symbol": "ticker"}))
    with pytest.raises(UsageError, match="the intervals have no column until"):
        Membership.from_intervals(INTERVALS, symbol="ticker", start="start", end="until", end_included=True)
