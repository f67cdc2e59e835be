"""The guard of the sealed holdout, tried with planted accesses; BEY-04, H05, Q09."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from augury.core.errors import EXIT_GATE, HoldoutSealed, LeakError, UnknownName
from augury.proof.holdout import CHOOSING, PURPOSES, Guard, day, unseen

SEALED = datetime(2018, 1, 1, tzinfo=UTC)
GUARD = Guard("d1/SPY", SEALED)


def rows(first: datetime = datetime(2017, 12, 1, tzinfo=UTC), n: int = 60) -> pl.DataFrame:
    ts = pl.datetime_range(first, first + timedelta(days=n - 1), "1d", eager=True).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame({"ts": ts, "close": pl.Series(range(n), dtype=pl.Float64)})


@pytest.mark.parametrize("purpose", CHOOSING)
@pytest.mark.parametrize("guard", [GUARD, Guard("d1/SPY", SEALED, opened=True)])
def test_nothing_is_chosen_on_sealed_rows_opened_or_not(purpose: str, guard: Guard) -> None:
    with pytest.raises(HoldoutSealed, match=rf"{purpose} asked for 29 of 60 rows of d1/SPY") as raised:
        guard.allow(purpose, rows())
    assert raised.value.exit_code == EXIT_GATE
    assert raised.value.facts == {"dataset": "d1/SPY", "purpose": purpose, "rows": 29}


def test_one_sealed_row_is_enough_and_none_is_free() -> None:
    with pytest.raises(HoldoutSealed, match="1 of 32 rows"):
        GUARD.allow("tuning", rows(n=32))
    free = rows(n=31)
    assert GUARD.allow("tuning", free) is free


def test_a_row_whose_outcome_lies_in_the_holdout_belongs_to_it() -> None:
    frame = rows(n=31).with_columns(label_end=pl.col("ts") + pl.duration(days=5))
    with pytest.raises(HoldoutSealed, match="5 of 31 rows"):
        GUARD.allow("fit", frame)
    kept = GUARD.before(frame)
    assert kept.height == 26
    assert GUARD.allow("fit", kept) is kept


def test_a_report_needs_an_opening_and_a_forecast_does_not() -> None:
    with pytest.raises(HoldoutSealed, match="read only by a counted opening"):
        GUARD.allow("report", rows())
    with pytest.raises(HoldoutSealed):
        GUARD.inside(rows())
    opened = Guard("d1/SPY", SEALED, opened=True)
    assert opened.inside(rows()).height == 29
    assert GUARD.allow("forecast", rows()).height == 60


def test_without_a_seal_everything_is_allowed_and_nothing_is_inside() -> None:
    free = Guard("d1/SPY")
    assert all(free.allow(purpose, rows()).height == 60 for purpose in PURPOSES)
    assert (free.before(rows()).height, free.inside(rows()).height) == (60, 0)
    assert free.widened(timedelta(days=6)) == free


def test_an_unknown_purpose_is_no_way_around() -> None:
    with pytest.raises(UnknownName, match="unknown purpose 'peek'"):
        GUARD.allow("peek", rows())


def test_dates_and_moments_without_zone_are_guarded_too() -> None:
    for column in (rows()["ts"].cast(pl.Date), rows()["ts"].dt.replace_time_zone(None)):
        with pytest.raises(HoldoutSealed, match="29 of 60"):
            GUARD.allow("weighting", pl.DataFrame({"day": column}), column="day")


def test_a_worker_gets_the_guard_but_never_the_opening() -> None:
    opened = Guard("d1/SPY", SEALED, opened=True)
    assert Guard.from_json(opened.to_json()) == GUARD
    assert Guard.from_json(Guard("d1/SPY").to_json()) == Guard("d1/SPY")


def test_a_seal_can_be_widened_for_bars_that_stay_open_long() -> None:
    assert GUARD.widened(timedelta(days=6)).before(rows()).height == 25


def test_a_model_fed_its_training_window_is_refused() -> None:
    with pytest.raises(LeakError, match=r"spy was to be judged on 12 of 60 rows up to 2017-12-12, which it has seen"):
        unseen("spy", datetime(2017, 12, 12, tzinfo=UTC), rows())
    frame = rows()
    assert unseen("spy", datetime(2017, 11, 30, tzinfo=UTC), frame) is frame


def test_a_day_is_its_first_moment_in_utc() -> None:
    assert day(date(2018, 1, 1).isoformat()) == SEALED
