from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.clock import FixedClock
from augury.core.labelspec import LabelSpec
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import known_at
from augury.data.calendar.openings import opening_times
from augury.runs.forecasts.triggers import fire, standing
from augury.runs.workspace import Workspace

SPEC = LabelSpec(Timeframe.D1, "30d", 30, 0.02)
SYMBOL = "AAA"


def market(start: datetime, closes: list[float], frame: Timeframe = Timeframe.D1, spread: float = 1.0) -> Bars:
    opens = opening_times(frame, "XNYS", start, len(closes))
    rows = [(SYMBOL, ts, c, c + spread, c - spread, c, 1e3) for ts, c in zip(opens, closes, strict=True)]
    return Bars(pl.DataFrame(rows, schema=dict(BAR_SCHEMA), orient="row"), frame, adjustment="full")


@pytest.fixture
def spoken(workspace: Workspace, speaking: Any) -> Callable[..., Workspace]:
    """Forecast at the close of bar 40 of a flat market, then go on as told."""

    def go_on(closes: list[float], hours: float = 0.5, spread: float = 1.0, flags: tuple[str, ...] = ()) -> Workspace:
        bars = market(datetime(2026, 1, 5, tzinfo=workspace.clock.now().tzinfo), [100.0] * 41 + closes, spread=spread)
        workspace.lake.write(bars)
        manifest = speaking.publish(workspace, SYMBOL, SPEC)
        forecast = speaking.say(manifest, bars, 40, flags=flags)
        workspace.store.ledger.append([forecast], forecast.made_at)
        close = known_at(bars.frame["ts"], Timeframe.D1, "XNYS")[-1]
        return replace(workspace, clock=FixedClock(close + timedelta(hours=hours)))

    return go_on


def kinds(place: Workspace) -> list[str]:
    return [trigger.kind for trigger in standing(place, [SYMBOL])]


def test_a_quiet_fresh_forecast_asks_for_nothing(spoken: Callable[..., Workspace]) -> None:
    assert kinds(spoken([])) == []


@pytest.mark.parametrize(
    ("closes", "spread", "wanted"),
    [
        ([104.0], 1.0, []),  # 2 ATR of 2.0 exactly is not more than 2 ATR
        ([104.1], 1.0, ["move_atr"]),
        ([95.9], 1.0, ["move_atr"]),
        ([105.0], 10.0, []),  # exactly 5 %
        ([105.1], 10.0, ["move_pct"]),
        ([110.0], 1.0, ["move_atr", "move_pct"]),
    ],
)
def test_a_move_beyond_two_ranges_or_five_per_cent_asks(
    spoken: Callable[..., Workspace], closes: list[float], spread: float, wanted: list[str]
) -> None:
    found = [kind for kind in kinds(spoken(closes, spread=spread)) if kind.startswith("move")]
    assert found == wanted


def test_staleness_is_counted_in_hours_of_open_market(spoken: Callable[..., Workspace]) -> None:
    place = spoken([])
    close = place.clock.now() - timedelta(hours=0.5)
    weekend = replace(place, clock=FixedClock(close + timedelta(hours=17)))  # overnight: the market was closed
    assert kinds(weekend) == []
    for hours, wanted in ((17.5 + 5.9, []), (17.5 + 6.0, ["stale"]), (48 + 0.0, ["stale_critical"])):
        assert kinds(replace(place, clock=FixedClock(close + timedelta(hours=hours)))) == wanted


def test_a_trigger_fires_once_and_a_symbol_at_most_once_an_hour(spoken: Callable[..., Workspace]) -> None:
    place = spoken([110.0], hours=0.1)
    first = fire(place, [SYMBOL])
    assert [trigger.kind for trigger in first] == ["move_atr"]
    assert fire(place, [SYMBOL]) == []
    now = place.clock.now()
    soon = replace(place, clock=FixedClock(now + timedelta(minutes=59)))
    assert fire(soon, [SYMBOL]) == []
    later = replace(place, clock=FixedClock(now + timedelta(minutes=60)))
    assert [trigger.kind for trigger in fire(later, [SYMBOL])] == ["move_pct"]
    found: list[str] = []
    for hours in range(2, 12):
        found += [one.kind for one in fire(replace(place, clock=FixedClock(now + timedelta(hours=hours))), [SYMBOL])]
    assert found == ["stale"]
    assert [entry.data["kind"] for entry in place.store.journal.list("trigger")] == ["move_atr", "move_pct", "stale"]


def test_a_fresh_forecast_arms_the_triggers_again(spoken: Callable[..., Workspace], speaking: Any) -> None:
    place = spoken([110.0])
    assert len(fire(place, [SYMBOL])) == 1
    bars = place.lake.read([SYMBOL], Timeframe.D1)
    manifest = speaking.publish(place, SYMBOL, SPEC)
    place.store.ledger.append([speaking.say(manifest, bars, 41)], place.clock.now())
    later = replace(place, clock=FixedClock(place.clock.now() + timedelta(hours=2)))
    assert fire(later, [SYMBOL]) == []


def test_a_flip_of_the_trend_asks(spoken: Callable[..., Workspace], workspace: Workspace, speaking: Any) -> None:
    rising = [100.0 + 0.1 * day for day in range(60)]
    bars = market(datetime(2026, 1, 5, tzinfo=workspace.clock.now().tzinfo), [*rising, 104.0], spread=9.0)
    workspace.lake.write(bars)
    forecast = speaking.say(speaking.publish(workspace, SYMBOL, SPEC), bars, 59)
    workspace.store.ledger.append([forecast], forecast.made_at)
    close = known_at(bars.frame["ts"], Timeframe.D1, "XNYS")[-1]
    assert "trend_flip" in kinds(replace(workspace, clock=FixedClock(close)))


def test_a_replay_asks_for_nothing(spoken: Callable[..., Workspace]) -> None:
    assert kinds(spoken([150.0], flags=("replay",))) == []
