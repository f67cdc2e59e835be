from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from augury.core.errors import DataError, UsageError
from augury.data.knowledge.publication import available_from, lagged

MONDAY = datetime(2018, 12, 3, tzinfo=UTC)
OPEN, CLOSE = timedelta(hours=14, minutes=30), timedelta(hours=21)


def moment_of(published: datetime, **rule: int | bool) -> datetime:
    found = available_from(pl.Series([published]), "XNYS", **rule).item()  # type: ignore[arg-type]
    assert isinstance(found, datetime)
    return found


def test_before_the_cutoff_a_publication_counts_at_once() -> None:
    for hours in (3, 15, 20):
        assert moment_of(MONDAY + timedelta(hours=hours), cutoff_minutes=60) == MONDAY + timedelta(hours=hours)


def test_between_cutoff_and_close_it_counts_from_the_next_open() -> None:
    late = MONDAY + timedelta(hours=20, microseconds=1)
    # 2018-12-05 was a day of mourning: Tuesday's late publications count from Thursday's open.
    assert moment_of(late, cutoff_minutes=60) == MONDAY + timedelta(days=1) + OPEN
    assert moment_of(late + timedelta(days=1), cutoff_minutes=60) == MONDAY + timedelta(days=3) + OPEN


def test_a_half_day_has_an_early_cutoff() -> None:
    half_day = datetime(2018, 12, 24, 17, 30, tzinfo=UTC)
    assert moment_of(half_day, cutoff_minutes=60) == datetime(2018, 12, 26, 14, 30, tzinfo=UTC)


def test_sources_of_the_next_session_never_count_on_their_own_day() -> None:
    for hours in (15, 22):
        assert moment_of(MONDAY + timedelta(hours=hours), next_session=True) == MONDAY + timedelta(days=1) + OPEN
    assert moment_of(MONDAY + timedelta(hours=3), next_session=True) == MONDAY + OPEN
    assert moment_of(MONDAY + OPEN, next_session=True) == MONDAY + timedelta(days=1) + OPEN


def test_nothing_is_available_before_its_publication() -> None:
    published = pl.Series([MONDAY + timedelta(hours=7 * n) for n in range(60)])
    for cutoff in (0, 30, 390):
        assert (available_from(published, "XNYS", cutoff_minutes=cutoff) >= published).all()


def test_an_impossible_cutoff_and_a_missing_moment_are_refused() -> None:
    with pytest.raises(UsageError, match="cutoff_minutes=-1"):
        moment_of(MONDAY, cutoff_minutes=-1)
    with pytest.raises(DataError, match="1 publications have no moment"):
        available_from(pl.Series([MONDAY, None]), "XNYS")
    assert available_from(pl.Series([MONDAY]).clear(), "XNYS").is_empty()


def test_a_lag_counts_sessions_after_the_day() -> None:
    friday = pl.Series([date(2018, 11, 30)])
    assert lagged(friday, 0, "XNYS").item() == datetime(2018, 11, 30, 21, tzinfo=UTC)
    days = [lagged(friday, n, "XNYS").item() for n in (1, 2, 3)]
    assert days == [MONDAY + OPEN, MONDAY + timedelta(days=1) + OPEN, MONDAY + timedelta(days=3) + OPEN]


def test_an_observation_on_a_closed_day_waits_for_the_market() -> None:
    sunday = pl.Series([date(2018, 12, 2)])
    assert lagged(sunday, 0, "XNYS").item() == MONDAY + CLOSE
    assert lagged(sunday, 1, "XNYS").item() == MONDAY + OPEN


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("week", date(2018, 11, 26), date(2018, 12, 2)),
        ("month", date(2018, 11, 1), date(2018, 11, 30)),
        ("quarter", date(2018, 7, 1), date(2018, 9, 30)),
        ("year", date(2017, 1, 1), date(2017, 12, 31)),
    ],
)
def test_a_longer_period_is_over_on_its_last_day(period: str, first: date, last: date) -> None:
    assert lagged(pl.Series([first]), 5, "XNYS", period).item() == lagged(pl.Series([last]), 5, "XNYS").item()


def test_a_lag_is_a_count_and_a_period_a_known_word() -> None:
    for sessions, period in ((-1, "day"), (1, "fortnight")):
        with pytest.raises(UsageError, match="sessions >= 0, period of day, week"):
            lagged(pl.Series([date(2018, 11, 30)]), sessions, "XNYS", period)
    with pytest.raises(DataError, match="1 observations have no date"):
        lagged(pl.Series([None], dtype=pl.Date), 1, "XNYS")
    assert lagged(pl.Series([], dtype=pl.Date), 1, "XNYS").is_empty()
