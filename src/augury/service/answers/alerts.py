"""Alerts: what is wrong now, by which rule, and who looks after it."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import datetime
from typing import Any

from augury.records.loop.alerts import AlertRow
from augury.runs.monitoring.alerts.rule import DEFAULTS, Alert
from augury.runs.monitoring.alerts.trial import try_channels
from augury.runs.monitoring.model_monitor import alert_of
from augury.service.accounts.caller import Caller
from augury.service.backend import Backend
from augury.service.cursors import read_cursor, write_cursor
from augury.service.strict import Answer


class AlertAnswer(Answer):
    """A stretch of time in which a rule had one state for one subject.

    ``state`` is normal, pending, alerting, no_data or error; ``value`` is that of the first metric of the condition;
    ``data`` holds the rows the text was computed from.
    """

    id: int
    rule: str
    subject: str
    severity: str
    state: str
    since: datetime
    updated_at: datetime
    acknowledged_by: str | None
    value: float | None
    text: str
    data: dict[str, Any]


class AlertPage(Answer):
    """Alerts, the last changed first; ``next`` is the cursor of the page after this one, null at the end."""

    alerts: list[AlertAnswer]
    next: str | None


class RuleAnswer(Answer):
    """A rule; one that ``is_default`` is Augury's own. No channel means all there are."""

    name: str
    condition: str
    severity: str
    channels: list[str]
    hold_checks: int
    enabled: bool
    is_default: bool
    reads: list[str]


class RuleList(Answer):
    """The rules by name."""

    rules: list[RuleAnswer]


class TrialAnswer(Answer):
    """What became of a test message to a channel: sent, failed, or would send."""

    channel: str
    state: str
    error: str | None


class TrialList(Answer):
    """One line a channel."""

    trials: list[TrialAnswer]


def alerts(
    backend: Backend, everything: bool = False, history: bool = False, limit: int = 100, cursor: str | None = None
) -> AlertPage:
    """Return what is wrong now; with ``everything`` what is normal too, with ``history`` past states too."""
    question = {"of": "alerts", "everything": everything, "history": history}
    after = read_cursor(cursor, question, int)
    rows = backend.workspace.store.alerts.list(
        open_only=not (everything or history), history=history, limit=limit + 1, before=after[0] if after else None
    )
    more = write_cursor(question, [rows[limit - 1].id]) if len(rows) > limit else None
    return AlertPage(alerts=[_answer(row) for row in rows[:limit]], next=more)


def acknowledge(backend: Backend, caller: Caller, alert_id: int, request_id: str | None = None) -> AlertAnswer:
    """Note that the caller looks after an alert; it stays open until it resolves.

    Raises
    ------
    NotFound, UsageError
        There is no such alert; it is not alerting.
    """
    store = backend.workspace.store
    row = store.alerts.acknowledge(alert_id, by=caller.name)
    store.audit_trail.add(
        caller.tenant_id, caller.actor, "alert.acknowledge", f"alert {alert_id}", request_id=request_id
    )
    return _answer(row)


def rules(backend: Backend) -> RuleList:
    """Return the rules of the store and the defaults it has no rule of the same name for."""
    kept = {row.name: (alert_of(row), False) for row in backend.workspace.store.alerts.rules()}
    found = {alert.name: (alert, True) for alert in DEFAULTS} | kept
    return RuleList(rules=[_rule(alert, default) for _, (alert, default) in sorted(found.items())])


def read_rule(name: str, condition: str, severity: str = "warning", hold_checks: int = 1) -> RuleAnswer:
    """Read a rule and write nothing; raises UsageError where it is not understood."""
    return _rule(Alert(name, condition, severity, (), hold_checks), False)


def try_alerts(backend: Backend, caller: Caller, channel: str | None = None, *, dry_run: bool = True) -> TrialList:
    """Send a test message to the channels, or say to which it would go."""
    found = try_channels(backend.workspace, os.environ, channel, dry_run=dry_run)
    if not dry_run:
        store = backend.workspace.store
        store.audit_trail.add(caller.tenant_id, caller.actor, "alert.test", channel or "every channel")
    return TrialList(trials=[TrialAnswer(**asdict(one)) for one in found])


def _answer(row: AlertRow) -> AlertAnswer:
    return AlertAnswer(**row.to_json())


def _rule(alert: Alert, default: bool) -> RuleAnswer:
    return RuleAnswer(
        name=alert.name, condition=str(alert.parsed), severity=alert.severity, channels=list(alert.channels),
        hold_checks=alert.hold_checks, enabled=alert.enabled, is_default=default, reads=list(alert.parsed.metrics),
    )  # fmt: skip
