"""Timeframes and horizons: spelling, length, and when a bar is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.errors import UnknownName, UsageError
from augury.core.timeframe import Horizon, Timeframe

XNYS = SimpleNamespace(
    minutes_per_session=390,
    close_of=lambda session: session.replace(hour=18 if session.day == 24 else 21),
    last_of_week=lambda session: session + timedelta(days=4 - session.weekday()),
    session_of=lambda moment, minutes: moment.replace(hour=0) if moment.hour >= 14 else None,
)
ALWAYS = SimpleNamespace(minutes_per_session=1440)


@pytest.mark.parametrize("text", ["m1", "5m", "m15", "15m", "M15", " h1 ", "1h", "h4", "4h", "d1", "1D", "w1", "1w"])
def test_both_spellings_are_read(text: str) -> None:
    assert str(Timeframe.parse(text)) in ("m1", "m5", "m15", "h1", "h4", "d1", "w1")


@pytest.mark.parametrize(
    ("text", "hint"), [("m155", "did you mean 'm15'"), ("d2", "known: m1, m5"), ("daily", "known: m1, m5")]
)
def test_an_unknown_timeframe_is_named_with_the_list(text: str, hint: str) -> None:
    with pytest.raises(UnknownName, match=f"unknown timeframe '{text}'") as caught:
        Timeframe.parse(text)
    assert hint in str(caught.value)


def test_a_bar_is_known_at_its_close_and_never_after_an_early_close() -> None:
    day = datetime(2018, 12, 24, tzinfo=UTC)
    assert Timeframe.D1.closes_at(day, XNYS) == day.replace(hour=18)
    assert Timeframe.W1.closes_at(day, XNYS) == datetime(2018, 12, 28, 21, tzinfo=UTC)
    assert Timeframe.H1.closes_at(day.replace(hour=15), XNYS) == day.replace(hour=16)
    assert Timeframe.H4.closes_at(day.replace(hour=16), XNYS) == day.replace(hour=18)
    assert Timeframe.M1.closes_at(day.replace(hour=17, minute=59), XNYS) == day.replace(hour=18)


def test_a_bar_outside_trading_hours_lasts_its_full_length() -> None:
    early = datetime(2018, 12, 24, 9, tzinfo=UTC)
    assert Timeframe.H1.closes_at(early, XNYS) == early.replace(hour=10)


@given(st.integers(1, 1000), st.sampled_from("hdw"))
def test_a_horizon_reads_back(count: int, unit: str) -> None:
    assert str(Horizon.parse(f" {count}{unit.upper()} ")) == f"{count}{unit}"


@pytest.mark.parametrize("text", ["", "5", "d", "0d", "1001d", "5m", "-5d", "1.5d", "5 d", "5dd"])
def test_other_text_is_no_horizon(text: str) -> None:
    with pytest.raises(UsageError, match="is not understood"):
        Horizon.parse(text)


@pytest.mark.parametrize(
    ("horizon", "timeframe", "calendar", "bars"),
    [
        ("4h", "m15", XNYS, 16),
        ("1d", "m15", XNYS, 26),
        ("1w", "m15", XNYS, 130),
        ("5d", "d1", XNYS, 5),
        ("30d", "w1", XNYS, 6),
        ("360d", "w1", XNYS, 72),
        ("1d", "h1", ALWAYS, 24),
        ("1h", "d1", XNYS, 1),
    ],
)
def test_a_horizon_is_a_duration_in_trading_time(
    horizon: str, timeframe: str, calendar: SimpleNamespace, bars: int
) -> None:
    assert Horizon.parse(horizon).bars(Timeframe.parse(timeframe), calendar) == bars


def test_the_same_duration_in_other_units_has_the_same_length() -> None:
    assert Horizon.parse("1w").sessions(390) == Horizon.parse("5d").sessions(390)
    assert Horizon.parse("24h").sessions(1440) == Horizon.parse("1d").sessions(1440)
