"""The emergency loop step by step; the whole of it runs in tests/journeys/test_quarter.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from augury.core.errors import InsufficientHistory
from augury.core.labelspec import LabelSpec
from augury.core.recipe import Recipe
from augury.core.score import GateResult, Score, Verdict
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.core.version import VersionManifest
from augury.data.synthetic import SyntheticMarket
from augury.proof.drift.metrics import PerformanceMetrics
from augury.runs.cells import Cell
from augury.runs.registry import emergency
from augury.runs.registry.emergency import cases, respond
from augury.runs.registry.emergency_evidence import Comparison, broke_at
from augury.runs.registry.registration import register
from augury.runs.simulated.market import SteppedClock
from augury.runs.workspace import Workspace

START = datetime(2026, 3, 2, tzinfo=UTC)
CELL = Cell("SYN001", "h1", "1h")
SPEC = LabelSpec(Timeframe.H1, "1h", 1, 0.001)
PROMISE = Score("accuracy", 0.6, 0.5, 0.7, 0.4, n=100, n_eff=100.0)
FINE, WORSE = Comparison(True, 39, 0.3, "fine"), Comparison(False, 40, -0.1, "-10.0 points on 40 rows")


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(START)


@pytest.fixture
def place(tmp_path: Path, clock: SteppedClock, speaking: Any) -> Iterator[Workspace]:
    """A store in which one version serves SYN001, and a lake with bars enough."""
    settings = Settings.load({"data_dir": tmp_path, "workers": 1}, environ={}, start=tmp_path)
    with Workspace.open(settings, clock=clock) as workspace:
        market = SyntheticMarket(n_symbols=1, n_bars=400, timeframe=Timeframe.H1, calendar="24/7", start=START)
        workspace.lake.write(market.bars())
        speaking.publish(workspace, "SYN001", SPEC, START, calendar="24/7", scores=(PROMISE,))
        yield workspace


@pytest.fixture(autouse=True)
def agreeable(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Comparisons find nothing unless a test says otherwise; the bars since the break suffice."""
    monkeypatch.setattr(emergency, "not_worse", lambda *_: FINE)
    monkeypatch.setattr(emergency, "in_shadow", lambda *_: FINE)
    monkeypatch.setattr(emergency, "bars_since", lambda *_: (200, 127))
    return monkeypatch


def drifted(level: str = "EMERGENCY", margin: float = -0.3) -> PerformanceMetrics:
    return PerformanceMetrics("SYN001", "h1", date(2026, 3, 1), 0.3, 48, 0.6, margin, True, level, 1e-5, 48.0)


class Trainer:
    """Registers versions without models behind them."""

    def __init__(self, clock: SteppedClock, verdict: Verdict | None = None) -> None:
        self.clock, self.verdict = clock, verdict or Verdict("skill")
        self.asked: list[Recipe] = []

    def __call__(self, workspace: Workspace, cell: Cell, recipe: Recipe) -> VersionManifest:
        self.asked.append(recipe)
        champion = workspace.store.versions.champion(cell.symbol, cell.timeframe, cell.horizon)
        assert champion is not None
        before = workspace.store.versions.get(cell.symbol, cell.timeframe, cell.horizon, champion).manifest
        staged = workspace.store.artifacts.stage()
        (staged / "ensemble.json").write_text(f'{{"n": {len(self.asked)}}}')
        fresh = replace(before, verdict=self.verdict, files={}, version="", created_at="")
        return register(workspace, staged, fresh, serve=False)


def steps(workspace: Workspace) -> list[str]:
    return [entry.data["step"] for entry in workspace.store.journal.list("emergency")]


def champion(workspace: Workspace) -> str | None:
    return workspace.store.versions.champion("SYN001", "h1", "1h")


def test_an_emergency_withdraws_retrains_tries_and_promotes_every_step_journaled(
    place: Workspace, clock: SteppedClock
) -> None:
    first = champion(place)
    train = Trainer(clock)
    respond(place, [drifted()], train=train, environ={})
    assert steps(place) == ["opened", "withdrawn", "trained", "gated", "compared", "shadow"]
    assert place.store.controls.silenced("SYN001", "h1", "1h") == first == champion(place)
    assert train.asked[0].max_bars == 200
    assert respond(place, [drifted()], train=train, environ={}) == ()  # too early, and nothing is done twice
    clock.at += timedelta(days=3)
    (last,) = respond(place, [], train=train, environ={})
    assert last.data["step"] == "promoted"
    assert champion(place) == last.data["version"] != first
    assert {entry.data["case"] for entry in place.store.journal.list("emergency")} == {"2026-03-02T00:00:00Z"}
    assert not any(case.open for case in cases(place))
    alerts = [(row.rule, row.subject, row.state) for row in place.store.alerts.list() if row.rule == "emergency"]
    assert alerts == [("emergency", "SYN001 h1 1h", "normal")]


def test_a_drift_of_more_than_twenty_points_retrains_and_withdraws_nothing(
    place: Workspace, clock: SteppedClock
) -> None:
    assert respond(place, [drifted("DRIFT", -0.19)], train=Trainer(clock), environ={}) == ()
    respond(place, [drifted("DRIFT", -0.21)], train=Trainer(clock), environ={})
    assert steps(place)[:2] == ["opened", "trained"]
    assert place.store.controls.silenced("SYN001", "h1", "1h") is None


@pytest.mark.parametrize("fault", ["gate", "paired", "failed"])
def test_a_rejected_challenger_leaves_what_is_in_force_and_a_day_passes_before_the_next(
    place: Workspace, clock: SteppedClock, agreeable: pytest.MonkeyPatch, fault: str
) -> None:
    first = champion(place)
    train: Any = Trainer(clock)
    if fault == "gate":
        train.verdict = Verdict.of((GateResult("NOT_BETTER", False, "abstain", "not better"),))
    if fault == "paired":
        agreeable.setattr(emergency, "not_worse", lambda *_: WORSE)
    if fault == "failed":

        def train(*_: object) -> VersionManifest:
            raise InsufficientHistory("no rows")

    respond(place, [drifted()], train=train, environ={})
    assert steps(place)[-1] == "rejected"
    assert champion(place) == first
    for hours in (1, 22):
        clock.at += timedelta(hours=hours)
        assert respond(place, [drifted()], train=train, environ={}) == ()
    agreeable.setattr(emergency, "not_worse", lambda *_: FINE)
    clock.at += timedelta(hours=1)
    respond(place, [], train=Trainer(clock), environ={})
    assert steps(place)[-1] == "shadow"


def test_the_day_between_two_retrains_is_kept_across_cases(place: Workspace, clock: SteppedClock) -> None:
    train = Trainer(clock, Verdict.of((GateResult("NOT_BETTER", False, "abstain", "not better"),)))
    respond(place, [drifted("DRIFT", -0.21)], train=train, environ={})
    clock.at += timedelta(hours=6)
    respond(place, [], train=train, environ={})
    assert steps(place)[-1] == "closed"  # the version that serves is watched as before
    clock.at += timedelta(hours=6)
    respond(place, [drifted("DRIFT", -0.21)], train=train, environ={})
    assert (steps(place)[-1], len(train.asked)) == ("opened", 1)
    clock.at += timedelta(hours=12)
    respond(place, [drifted("DRIFT", -0.21)], train=train, environ={})
    assert len(train.asked) == 2


def test_a_challenger_that_loses_in_the_shadow_is_rejected_for_good(
    place: Workspace, clock: SteppedClock, agreeable: pytest.MonkeyPatch
) -> None:
    first = champion(place)
    respond(place, [drifted()], train=Trainer(clock), environ={})
    challenger = place.store.versions.challenger("SYN001", "h1", "1h")
    assert challenger is not None
    agreeable.setattr(emergency, "in_shadow", lambda *_: WORSE)
    clock.at += timedelta(hours=20)  # forty have matured: that is enough
    respond(place, [], train=Trainer(clock), environ={})
    assert champion(place) == first
    assert place.store.versions.get("SYN001", "h1", "1h", challenger).status == "rejected"
    assert place.store.versions.challenger("SYN001", "h1", "1h") is None


def test_bars_since_the_break_are_waited_for_when_they_come_soon_and_else_everything_is_read(
    place: Workspace, clock: SteppedClock, agreeable: pytest.MonkeyPatch
) -> None:
    train = Trainer(clock)
    agreeable.setattr(emergency, "bars_since", lambda *_: (30, 127))
    respond(place, [drifted()], train=train, environ={})
    assert (steps(place)[-1], train.asked) == ("waiting", [])
    assert respond(place, [], train=train, environ={}) == ()
    agreeable.setattr(emergency, "bars_since", lambda *_: (30, 5000))
    respond(place, [], train=train, environ={})
    assert train.asked == [Recipe()]


@pytest.mark.parametrize("survived", range(1, 7))
def test_a_kill_after_any_step_loses_and_repeats_nothing(
    place: Workspace, clock: SteppedClock, agreeable: pytest.MonkeyPatch, survived: int
) -> None:
    note, train = emergency._note, Trainer(clock)
    noted: list[str] = []

    def killed(*arguments: Any) -> Any:
        if len(noted) == survived:
            raise KeyboardInterrupt
        noted.append(arguments[3])
        return note(*arguments)

    agreeable.setattr(emergency, "_note", killed)
    with suppress(KeyboardInterrupt):
        respond(place, [drifted()], train=train, environ={})
    agreeable.setattr(emergency, "_note", note)
    respond(place, [drifted()], train=train, environ={})
    assert steps(place) == ["opened", "withdrawn", "trained", "gated", "compared", "shadow"]
    assert len(train.asked) == (2 if survived == 2 else 1)  # a version that no entry names was never heard of
    clock.at += timedelta(days=3)
    respond(place, [], train=train, environ={})
    assert steps(place)[-1] == "promoted"


def test_a_break_is_placed_where_a_deep_fall_began() -> None:
    before = [(at * 7) % 10 < 7 for at in range(200)]
    assert 198 <= broke_at([*before, *[False] * 12], 0.7) <= 202
