"""R08: the whole loop runs. A shorter quarter than ``augury simulate``, on the same market and the same path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augury.core.settings import Settings
from augury.runs.registry.emergency import cases
from augury.runs.simulated.market import PER_SESSION, START, Plan, SteppedClock
from augury.runs.simulated.simulation import Quarter, simulate
from augury.runs.workspace import Workspace

FLIP, SESSIONS = 5, 18
STEPS = ("opened", "withdrawn", "waiting", "trained", "gated", "compared", "shadow", "promoted")


def reopened(folder: Path) -> Workspace:
    """The store a simulation left, read by somebody else."""
    return Workspace.open(Settings.load({"data_dir": folder}, environ={}, start=folder), clock=SteppedClock(START))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quarter")


@pytest.fixture(scope="module")
def quarter(folder: Path) -> Quarter:
    return simulate(Plan(sessions=SESSIONS, flip=FLIP), folder)


@pytest.mark.slow
def test_a_flip_is_alarmed_retrained_proven_promoted_and_recovered_from(quarter: Quarter) -> None:
    assert quarter.ok
    assert (quarter.false_alarms, quarter.retrains, quarter.rejected) == (0, 1, 0)
    assert quarter.alert is not None
    assert FLIP < quarter.alert <= FLIP + 2  # two dozen outcomes a day: the first or second day suffices
    assert quarter.recovery_sessions is not None
    assert quarter.recovery_sessions <= 10
    assert quarter.accuracy_after is not None
    assert quarter.accuracy_after >= quarter.baseline - 0.10
    assert tuple(entry["step"] for entry in quarter.journal) == STEPS
    assert [entry["id"] for entry in quarter.journal] == sorted(entry["id"] for entry in quarter.journal)
    assert all(entry["case"] for entry in quarter.journal)
    json.dumps(quarter.to_json(), default=str)


@pytest.mark.slow
def test_every_hour_is_forecast_and_scored_and_withdrawn_versions_name_nothing(quarter: Quarter) -> None:
    for session in quarter.sessions:
        assert session.forecasts >= PER_SESSION
        assert session.matured >= PER_SESSION - 1
    assert quarter.alert is not None
    assert quarter.promoted is not None
    silent = quarter.sessions[quarter.alert + 1 : quarter.promoted]
    assert [session.accuracy for session in silent] == [None] * len(silent)


@pytest.mark.slow
def test_the_store_of_the_quarter_verifies_and_tells_the_same_story(quarter: Quarter, folder: Path) -> None:
    with reopened(folder) as workspace:
        assert workspace.store.ledger.verify().require().rows == quarter.ledger_rows
        (case,) = cases(workspace)
        assert tuple(entry.data["step"] for entry in case.entries) == STEPS
        days = {row.date.isoformat(): row.level for row in workspace.store.drift.list()}
        assert [days[session.day] for session in quarter.sessions] == [s.levels[0] for s in quarter.sessions]
        told = {row.rule: row.state for row in workspace.store.alerts.list()}
        assert (told["emergency"], told["accuracy_drop"]) == ("normal", "normal")
        released = workspace.store.versions.get("SYN001", "h1", "1h", case.entries[-1].data["version"])
        assert released.champion
        assert any(event.get("event") == "released" for event in released.manifest.events)


@pytest.mark.slow
def test_a_bad_retrain_is_rejected_while_the_old_version_stays(tmp_path: Path) -> None:
    quarter = simulate(Plan(sessions=SESSIONS, flip=FLIP, bad_retrain=True), tmp_path)
    first = quarter.sessions[0].version
    rejected = next(entry for entry in quarter.journal if entry["step"] == "rejected")
    assert rejected["in_force"] == first
    assert rejected["version"] != first
    at = next(s.number for s in quarter.sessions if any(step.startswith("rejected") for step in s.steps))
    assert quarter.sessions[at - 1].version == first
    assert quarter.promoted is not None
    assert quarter.promoted > at + 1  # a day passes, the next retrain reads good bars
    assert (quarter.retrains, quarter.rejected) == (2, 1)
    with reopened(tmp_path) as workspace:
        where = ("SYN001", "h1", "1h")
        assert workspace.store.versions.get(*where, rejected["version"]).verdict != "skill"
        served = {row.forecast.version for row in workspace.store.ledger.list(*where, limit=10_000)}
        assert rejected["version"] not in served


def test_without_a_drift_nothing_is_retrained(tmp_path: Path) -> None:
    quarter = simulate(Plan(sessions=5), tmp_path)
    assert quarter.ok
    assert (quarter.false_alarms, quarter.retrains, quarter.journal) == (0, 0, ())
