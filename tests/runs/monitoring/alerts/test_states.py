from __future__ import annotations

import math
from typing import Any

import pytest

from augury.core.errors import NotFound, UsageError
from augury.runs.monitoring.alerts.rule import Alert
from augury.runs.monitoring.model_monitor import ModelMonitor, Told
from augury.runs.workspace import Workspace

HIGH = Alert("load_high", "load > 1")


def watch(workspace: Workspace, *alerts: Alert) -> ModelMonitor:
    metrics = [metric for alert in alerts or (HIGH,) for metric in alert.parsed.metrics]
    return ModelMonitor(workspace, environ={}).track_metrics(metrics).setup_alerts(alerts or (HIGH,))


def see(monitor: ModelMonitor, load: float) -> list[str]:
    monitor.observe({"load": load})
    return said(monitor.check().told)


def said(told: tuple[Told, ...]) -> list[str]:
    return [one.message for one in told]


def state(workspace: Workspace) -> str:
    return workspace.store.alerts.list()[0].state


def test_the_three_alerts_of_every_project_fire_once_and_resolve_once(stored: Workspace, clock: Any) -> None:
    monitor = ModelMonitor(stored, environ={}).track_metrics(["accuracy", "latency_p95", "error_rate", "drift_score"])
    monitor.setup_alerts(
        [
            Alert("accuracy_drop", "accuracy < 0.8", severity="critical"),
            Alert("high_latency", "latency_p95 > 200ms"),
            Alert("data_drift", "drift_score > 0.2"),
        ]
    )
    monitor.observe({"accuracy": 0.7, "latency_p95": 0.25, "drift_score": 0.3})
    assert sorted(one.rule for one in monitor.check().fired) == ["accuracy_drop", "data_drift", "high_latency"]
    clock.go(minutes=5)
    assert monitor.check().told == ()
    monitor.observe({"accuracy": 0.9, "latency_p95": 0.05, "drift_score": 0.1})
    assert said(monitor.check().told) == ["resolve"] * 3
    assert monitor.check().told == ()


def test_two_monitors_that_check_at_once_tell_people_once(stored: Workspace) -> None:
    first, second = watch(stored), watch(stored)
    assert see(first, 2) == ["fire"]
    assert see(second, 2) == []
    assert [one.state for one in stored.store.alerts.deliveries()] == ["sent"]


def test_an_alert_that_comes_back_within_the_hour_does_not_speak_again(stored: Workspace, clock: Any) -> None:
    monitor = watch(stored)
    assert see(monitor, 2) == ["fire"]
    clock.go(minutes=10)
    assert see(monitor, 0) == ["resolve"]
    clock.go(minutes=10)
    assert see(monitor, 2) == []
    assert state(stored) == "alerting"
    clock.go(minutes=41)
    assert see(monitor, 2) == ["fire"]
    clock.go(minutes=10)
    assert see(monitor, 0) == ["resolve"]


def test_what_nobody_was_told_of_is_not_resolved_aloud(empty: Workspace, clock: Any) -> None:
    monitor = watch(empty)
    told = [*see(monitor, 2), *see(monitor, 0), *see(monitor, 2), *see(monitor, 0)]
    assert told == ["fire", "resolve"]


def test_one_that_flaps_stays_open_until_it_was_calm_for_an_hour(empty: Workspace, clock: Any) -> None:
    monitor = watch(empty)
    told = []
    for _ in range(3):
        told += see(monitor, 2)
        clock.go(minutes=61)
        told += see(monitor, 0)
    assert told == ["fire", "resolve"] * 3
    clock.go(minutes=10)
    told = see(monitor, 2)
    for _ in range(5):  # comes and goes: not a word
        clock.go(minutes=5)
        told += see(monitor, 0)
        clock.go(minutes=5)
        told += see(monitor, 2)
    assert (told, state(empty)) == (["fire"], "alerting")
    clock.go(minutes=5)
    assert see(monitor, 0) == []
    clock.go(minutes=59)
    assert see(monitor, 0) == []
    clock.go(minutes=1)
    assert see(monitor, 0) == ["resolve"]
    assert state(empty) == "normal"


def test_a_rule_that_must_hold_is_pending_first(empty: Workspace) -> None:
    monitor = watch(empty, Alert("load_high", "load > 1", hold_checks=3))
    assert (see(monitor, 2), state(empty)) == ([], "pending")
    assert (see(monitor, 2), state(empty)) == ([], "pending")
    assert (see(monitor, 2), state(empty)) == (["fire"], "alerting")
    assert (see(monitor, 0), state(empty)) == (["resolve"], "normal")
    assert (see(monitor, 2), state(empty)) == ([], "pending")
    assert (see(monitor, 0), state(empty)) == ([], "normal")
    assert (see(monitor, 2), state(empty)) == ([], "pending")


def test_missing_data_neither_raise_nor_end_an_alert(stored: Workspace, clock: Any) -> None:
    monitor = watch(stored)
    assert (said(monitor.check().told), state(stored)) == ([], "no_data")
    assert see(monitor, 2) == ["fire"]
    clock.go(hours=3)
    assert (said(monitor.check().told), state(stored)) == ([], "no_data")
    clock.go(hours=3)
    assert (see(monitor, 2), state(stored)) == ([], "alerting")
    assert see(monitor, 0) == ["resolve"]


def test_a_value_that_is_no_number_is_an_error_and_no_alert(empty: Workspace) -> None:
    monitor = watch(empty)
    assert (see(monitor, math.nan), state(empty)) == ([], "error")
    assert empty.store.alerts.list()[0].value is None
    assert "not a number" in empty.store.alerts.list()[0].text


def test_a_percentile_is_taken_over_the_window_only(empty: Workspace, clock: Any) -> None:
    monitor = watch(empty, Alert("slow", "latency_p95 > 200ms"))
    for latency_s in (0.05,) * 18 + (0.3,) * 2:
        monitor.observe({"latency": latency_s})
    (fired,) = monitor.check().fired
    assert "latency_p95 is 300ms" in fired.text
    assert empty.store.alerts.list()[0].data["rows"][0]["n"] == 20
    clock.go(minutes=61)
    monitor.observe({"latency": 0.05})
    assert said(monitor.check().told) == ["resolve"]


def test_a_metric_of_another_process_is_left_to_it(empty: Workspace) -> None:
    watch(empty)
    other = ModelMonitor(empty, environ={}).track_metrics(["accuracy"])
    assert other.check().checked == 0
    assert empty.store.alerts.list() == []


def test_an_acknowledged_alert_stays_open_and_names_who_looks_after_it(stored: Workspace) -> None:
    monitor = watch(stored)
    see(monitor, 2)
    (row,) = stored.store.alerts.list()
    assert stored.store.alerts.acknowledge(row.id, by="ann").acknowledged_by == "ann"
    assert (see(monitor, 2), stored.store.alerts.list()[0].acknowledged_by) == ([], "ann")
    assert see(monitor, 0) == ["resolve"]
    with pytest.raises(UsageError, match="normal"):
        stored.store.alerts.acknowledge(stored.store.alerts.list()[0].id, by="ann")
    with pytest.raises(NotFound):
        stored.store.alerts.acknowledge(999, by="ann")


def test_a_dry_run_says_what_would_be_told_and_writes_nothing(stored: Workspace) -> None:
    monitor = watch(stored)
    monitor.observe({"load": 2})
    assert said(monitor.check(dry_run=True).told) == ["fire"]
    assert stored.store.alerts.list(history=True) == []
    assert stored.store.alerts.deliveries() == []
    assert not (stored.settings.data_dir / "logs").exists()


def test_what_began_and_ended_is_in_the_journal(empty: Workspace) -> None:
    monitor = watch(empty)
    see(monitor, 2)
    see(monitor, 0)
    assert [(entry.subject, entry.level) for entry in empty.store.journal.list("alert")] == [
        ("load_high live", "warning"),
        ("load_high live", "info"),
    ]


def test_a_rule_of_the_store_takes_the_place_of_a_default_one(empty: Workspace) -> None:
    off = Alert("load_high", "load > 1", enabled=False)
    monitor = ModelMonitor(empty, environ={}, defaults=(HIGH,)).track_metrics(["load"])
    assert see(monitor, 2) == ["fire"]
    monitor.setup_alerts([off])
    assert monitor.check().checked == 0
