"""Time is handed in, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from augury.core.clock import FixedClock, SystemClock, iso


def test_the_systems_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_a_fixed_clock_stands_still() -> None:
    clock = FixedClock(datetime(2018, 12, 31, 21, tzinfo=UTC))
    assert clock.now() == clock.now() == datetime(2018, 12, 31, 21, tzinfo=UTC)


def test_moments_of_other_zones_are_written_in_utc_with_z() -> None:
    new_york = timezone(timedelta(hours=-5))
    assert iso(datetime(2018, 12, 31, 16, tzinfo=new_york)) == "2018-12-31T21:00:00Z"
    assert iso(datetime(2018, 12, 31, 21, 0, 0, 250, tzinfo=UTC)) == "2018-12-31T21:00:00.000250Z"
