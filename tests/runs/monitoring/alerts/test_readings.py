from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.labelspec import LabelSpec
from augury.core.timeframe import Timeframe
from augury.data.synthetic import SyntheticMarket
from augury.proof.drift.features import FeatureShift
from augury.proof.drift.metrics import PerformanceMetrics
from augury.records.loop.jobs import JobRequest
from augury.records.store import Store
from augury.runs.monitoring.measured import READINGS, Measured
from augury.runs.monitoring.model_monitor import setup_monitoring
from augury.runs.workspace import Workspace

DAY = date(2026, 11, 20)
ROW = PerformanceMetrics("SPY", "d1", DAY, 0.50, 60, 0.55, -0.05, False, "NORMAL", 0.4, 60.0)


def read(workspace: Workspace, name: str) -> dict[str, Measured]:
    found = READINGS.load(name).read(workspace, workspace.clock.now())
    return {one.subject: one for one in found}


def at(workspace: Workspace, moment: datetime) -> Workspace:
    clock = FixedClock(moment)
    return replace(workspace, clock=clock, store=Store(workspace.store.engine, workspace.store.artifacts, clock))


def test_a_cell_that_drifted_alerts_and_says_so_with_the_figures_of_its_row(stored: Workspace) -> None:
    rows = [
        ROW,
        replace(ROW, symbol="AAA", accuracy=0.35, drift_margin=-0.20, drift_detected=True, level="DRIFT", p_value=1e-4),
        replace(ROW, symbol="BBB", accuracy=0.35, drift_margin=-0.20, level="MONITOR"),
        replace(ROW, symbol="CCC", accuracy=0.10, drift_margin=-0.45, level="INSUFFICIENT_DATA", n_eff=12.0),
        replace(ROW, symbol="DDD", accuracy=None, drift_margin=None, level="NO_DATA", n_predictions=0),
    ]
    stored.store.drift.record(rows, stored.clock.now())
    monitor = setup_monitoring(stored, environ={})
    told = [one for one in monitor.check().told if one.rule == "accuracy_drop"]
    assert [(one.subject, one.message, one.severity) for one in told] == [("AAA d1", "fire", "critical")]
    assert "accuracy_margin is -20% and drift_level is 2" in told[0].text
    (row,) = [row for row in stored.store.alerts.list(rule="accuracy_drop") if row.subject == "AAA d1"]
    assert row.data["rows"] == [
        {"date": "2026-11-20", "level": "DRIFT", "accuracy": 0.35, "n": 60, "n_eff": 60.0, "baseline": 0.55,
         "margin": -0.2, "p_value": 1e-4}
    ]  # fmt: skip
    states = {row.subject: row.state for row in stored.store.alerts.list(rule="accuracy_drop")}
    assert (states["CCC d1"], states["DDD d1"]) == ("no_data", "no_data")


def test_a_check_of_last_week_says_nothing_about_today(empty: Workspace) -> None:
    empty.store.drift.record([replace(ROW, date=DAY - timedelta(days=7), level="DRIFT")], empty.clock.now())
    assert read(empty, "accuracy") == {}


def test_a_job_whose_worker_died_is_seen_after_two_minutes(stored: Workspace, clock: Any) -> None:
    job = stored.store.jobs.submit(JobRequest("train", {}))
    stored.store.jobs.start(job.id)
    monitor = setup_monitoring(stored, environ={})
    clock.go(seconds=110)
    assert monitor.check().fired == ()
    clock.go(seconds=11)
    (fired,) = monitor.check().fired
    assert (fired.rule, "worker_silence is 121s" in fired.text) == ("worker_dead", True)
    stored.store.jobs.beat([job.id])
    assert [one.message for one in monitor.check().told] == ["resolve"]


def test_failed_jobs_count_against_those_that_ended_within_a_day(empty: Workspace, clock: Any) -> None:
    assert read(empty, "jobs")["jobs"].values["error_rate"] is None
    for number, state in enumerate(("succeeded", "failed", "dead", "cancelled")):
        job = empty.store.jobs.submit(JobRequest("train", {"number": number}))
        empty.store.jobs.start(job.id)
        empty.store.jobs.end(job.id, state, "")
    assert read(empty, "jobs")["jobs"].values["error_rate"] == pytest.approx(2 / 3)
    clock.go(hours=25)
    assert read(empty, "jobs")["jobs"].values["error_rate"] is None


def test_a_full_disk_alerts(empty: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=1000, free=49, used=951))
    (fired,) = setup_monitoring(empty, environ={}).check().fired
    assert "storage_free is 4.9%" in fired.text


@pytest.fixture
def said(empty: Workspace, speaking: Any) -> tuple[Workspace, Any, Bars]:
    """A store in which one symbol is served, and its bars until the end of 2025."""
    bars = SyntheticMarket(n_symbols=1, n_bars=120).bars()
    manifest = speaking.publish(empty, bars.symbols[0], LabelSpec(Timeframe.D1, "5d", 5, 0.009))
    return empty, manifest, bars


def test_a_forecast_that_did_not_come_is_counted_in_sessions(said: Any, speaking: Any) -> None:
    workspace, manifest, bars = said
    forecast = speaking.say(manifest, bars, at=60)
    workspace.store.ledger.append([forecast], forecast.made_at)
    subject = f"{manifest.symbol} d1"
    close = forecast.data_until
    market_days = bars.frame["ts"].to_list()

    def missed(moment: datetime) -> float | None:
        return read(at(workspace, moment), "forecasts")[subject].values["sessions_missed"]

    assert missed(close + timedelta(hours=3)) == 0
    next_close = market_days[61].replace(hour=close.hour, minute=close.minute)
    assert missed(next_close + timedelta(hours=1)) == 0
    assert missed(next_close + timedelta(hours=3)) == 1
    assert missed(next_close + timedelta(days=30)) > 15


def test_a_served_cell_that_never_spoke_is_no_data(said: Any) -> None:
    workspace, manifest, _ = said
    assert read(workspace, "forecasts")[f"{manifest.symbol} d1"].values == {"sessions_missed": None}


def test_replays_of_bundled_history_are_not_waited_for(said: Any, speaking: Any) -> None:
    workspace, manifest, bars = said
    forecast = speaking.say(manifest, bars, at=60, flags=("replay",))
    workspace.store.ledger.append([forecast], workspace.clock.now())
    assert read(workspace, "forecasts") == {}


@pytest.mark.parametrize(("moves", "codes"), [(0.0, {"COLLAPSED", "ONE_SIDED", "ONE_CLASS"}), (1.0, set())])
def test_forecasts_that_no_longer_depend_on_the_bars_are_named(
    said: Any, speaking: Any, moves: float, codes: set[str]
) -> None:
    workspace, manifest, bars = said
    forecasts = []
    for n in range(45):
        up, neutral = 0.4 + moves * 0.2 * math.sin(n), 0.25 + moves * 0.05 * math.sin(3 * n)
        forecasts.append(
            speaking.say(
                manifest, bars, at=60 + n, p_bullish=up, p_neutral=neutral, p_bearish=1 - up - neutral,
                expected_return=0.01 if not moves else 0.01 * math.sin(n),
            )
        )  # fmt: skip
    subject = f"{manifest.symbol} d1"
    workspace.store.ledger.append(forecasts[:39], workspace.clock.now())
    assert read(workspace, "answers")[subject].values == {"bad_habits": 0.0}
    workspace.store.ledger.append(forecasts, workspace.clock.now())
    found = read(workspace, "answers")[subject]
    assert {row["code"] for row in found.rows} == codes
    assert found.values == {"bad_habits": float(len(found.rows))}


def test_the_drift_score_is_the_share_of_features_beyond_their_limits(said: Any) -> None:
    workspace, manifest, _ = said
    shifts = [FeatureShift(f"f{n}", 0.3, 0.1, 0.1, 0.2, n < 3) for n in range(10)]
    workspace.store.drift.record_features(manifest.symbol, "d1", DAY, shifts)
    found = read(workspace, "drift")[f"{manifest.symbol} d1"]
    assert found.values == {"drift_score": 0.3}
    assert found.rows[0] == {"features": 10, "flagged": 3}
    fired = [one for one in setup_monitoring(workspace, environ={}).check().fired if one.rule == "drift_score_high"]
    assert len(fired) == 1


def test_every_metric_of_a_reading_is_measured_under_one_name_only() -> None:
    metrics = [metric for _, reading in READINGS for metric in reading.metrics]
    assert len(metrics) == len(set(metrics))
