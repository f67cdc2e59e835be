from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, UnknownName, UsageError
from augury.data.calendar import market_calendar
from augury.data.knowledge.macro import MACRO_SCHEMA, ReleaseLag, macro_columns, released, with_lag
from augury.data.synthetic import SyntheticMarket


@pytest.fixture(scope="module")
def bars() -> Bars:
    return SyntheticMarket(n_symbols=2, n_bars=250).bars()


@pytest.fixture(scope="module")
def monthly() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "series": ["CPI"] * 6,
            "observed": [date(2010, m, 1) for m in range(1, 7)],
            "value": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        }
    )


def first_seen(bars: Bars, macro: pl.DataFrame, value: float) -> datetime:
    found = macro_columns(bars, macro).filter(pl.col("macro_CPI") == value)["ts"].min()
    assert isinstance(found, datetime)
    return found


def test_a_month_is_seen_when_it_is_over_and_the_lag_has_passed(bars: Bars, monthly: pl.DataFrame) -> None:
    macro = with_lag(monthly, sessions=10, calendar="XNYS", period="month")
    # January ends on a Sunday; the tenth session of February is the 12th.
    assert first_seen(bars, macro, 1.0) == datetime(2010, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("later", [1, 3, 7])
def test_a_release_n_sessions_later_delays_its_first_effect_by_n_sessions(
    bars: Bars, monthly: pl.DataFrame, later: int
) -> None:
    first, moved = (
        first_seen(bars, with_lag(monthly, sessions=n, calendar="XNYS", period="month"), 3.0) for n in (10, 10 + later)
    )
    assert market_calendar("XNYS").shift(first, later) == moved


def test_without_lag_a_day_is_seen_at_its_own_close(bars: Bars) -> None:
    daily = pl.DataFrame({"series": ["CPI"], "observed": [date(2010, 1, 12)], "value": [1.0]})
    assert first_seen(bars, with_lag(daily, sessions=0, calendar="XNYS"), 1.0) == datetime(2010, 1, 12, tzinfo=UTC)


def test_vintages_show_what_was_known_then(bars: Bars) -> None:
    january, february = date(2010, 1, 1), date(2010, 2, 1)
    at = [datetime(2010, 3, 1, 13, 30, tzinfo=UTC) + timedelta(days=n) for n in (0, 1, 2, 3)]
    vintages = pl.DataFrame(
        {
            "series": ["CPI"] * 4,
            "observed": [january, february, january, february],
            "available_at": at,
            "value": [1.0, 2.0, 1.5, 2.5],
        },
        schema=MACRO_SCHEMA,
    )
    seen = macro_columns(bars, vintages)["macro_CPI"][:43].to_list()
    # March 1 to 5: the corrected January of March 3 does not displace February.
    assert seen[38:43] == [1.0, 2.0, 2.0, 2.5, 2.5]
    assert seen[37] is None


def test_columns_stand_row_by_row_beside_the_bars(bars: Bars, monthly: pl.DataFrame) -> None:
    second = monthly.with_columns(pl.lit("GDP").alias("series"), pl.col("value") * 10)
    lags = [ReleaseLag("CPI", 10, "month"), ReleaseLag("GDP", 20, "quarter"), ReleaseLag("OTHER", 1)]
    macro = released(pl.concat([monthly, second.filter(pl.col("value").is_in([10.0, 40.0]))]), lags, "XNYS")
    found = macro_columns(bars, macro)
    assert found.select("symbol", "ts").equals(bars.frame.select("symbol", "ts"))
    assert found.columns[2:] == ["macro_CPI", "macro_GDP"]
    assert macro_columns(bars, macro, ["GDP"]).columns == ["symbol", "ts", "macro_GDP"]
    both = found.partition_by("symbol")
    assert both[0].drop("symbol").equals(both[1].drop("symbol"))


def test_a_series_that_ended_is_not_believed_for_ever(bars: Bars, monthly: pl.DataFrame) -> None:
    macro = with_lag(monthly, sessions=10, calendar="XNYS", period="month")
    found = macro_columns(bars, macro)["macro_CPI"]
    assert found[-1] is None
    short = macro_columns(bars, macro, max_age=timedelta(days=10))["macro_CPI"]
    assert short.null_count() > found.null_count()


def test_cutting_the_releases_of_the_future_changes_nothing_before(bars: Bars, monthly: pl.DataFrame) -> None:
    macro = with_lag(monthly, sessions=10, calendar="XNYS", period="month")
    whole = macro_columns(bars, macro)
    for cut in macro["available_at"]:
        past = macro_columns(bars, macro.filter(pl.col("available_at") <= cut))
        before = pl.col("ts") <= cut.replace(hour=0, minute=0)
        assert past.filter(before).equals(whole.filter(before))


def test_a_series_without_lag_or_vintage_is_refused(monthly: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="macro series CPI has neither vintages nor a declared lag"):
        released(monthly, [ReleaseLag("GDP", 1)], "XNYS")


def test_an_unknown_series_and_another_frame_are_refused(bars: Bars, monthly: pl.DataFrame) -> None:
    macro = with_lag(monthly, sessions=1, calendar="XNYS", period="month")
    with pytest.raises(UnknownName, match="no macro series 'CPIX', did you mean 'CPI'"):
        macro_columns(bars, macro, ["CPIX"])
    with pytest.raises(UsageError, match="not a macro frame"):
        macro_columns(bars, monthly)
    assert released(monthly.clear(), [], "XNYS").is_empty()
