"""The monitor: measures, decides which alerts begin and end, and tells people."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Self

from augury.core.errors import UnknownName
from augury.core.suggestion import did_you_mean
from augury.records.loop.alerts import Decide, Move, RuleRow
from augury.runs.monitoring.alerts.channel import Channel, channels
from augury.runs.monitoring.alerts.delivery import Courier, Delivered
from augury.runs.monitoring.alerts.rule import DEFAULTS, Alert
from augury.runs.monitoring.alerts.state import decide
from augury.runs.monitoring.measured import READINGS, Measured
from augury.runs.monitoring.observed import WINDOW, Observed
from augury.runs.workspace import Workspace

LIVE: Final = "live"
"""Subject of what the process itself observed."""


@dataclass(frozen=True)
class Told:
    """One thing people are told: ``fire`` or ``resolve``, of which rule and subject, in which words."""

    rule: str
    subject: str
    message: str
    severity: str
    text: str


@dataclass(frozen=True)
class Check:
    """What one check came to.

    Parameters
    ----------
    told : tuple of Told
        What began and what ended; on a dry run, what people would be told.
    checked : int
        Rules times subjects.
    delivered : Delivered
        Messages of this check and of earlier ones that were still to be sent.
    """

    told: tuple[Told, ...]
    checked: int
    delivered: Delivered = field(default_factory=Delivered)

    @property
    def fired(self) -> tuple[Told, ...]:
        """What began."""
        return tuple(one for one in self.told if one.message == "fire")


class ModelMonitor:
    """Watches metrics and raises alerts.

    Parameters
    ----------
    workspace : Workspace, optional
        Default: the one of the settings, opened on first use and closed by :meth:`close`.
    environ : mapping, optional
        Names the channels; default ``os.environ``.
    defaults : sequence of Alert
        Checked unless the store has a rule of that name.
    window : timedelta
        For statistics of what is observed.
    sleep : callable
        Waits between two tries of a message.

    Examples
    --------
    >>> import tempfile
    >>> from augury.core.settings import Settings
    >>> folder = tempfile.TemporaryDirectory()
    >>> workspace = Workspace.open(Settings.load({"data_dir": folder.name}, environ={}))
    >>> with workspace, ModelMonitor(workspace, environ={}) as monitor:
    ...     _ = monitor.track_metrics(["accuracy"]).setup_alerts([Alert("accuracy_drop", "accuracy < 0.8", "critical")])
    ...     monitor.observe({"accuracy": 0.7})
    ...     [one.text for one in monitor.check().fired], monitor.check().fired
    (['accuracy_drop of live: alerting, accuracy is 0.7 (rule: accuracy < 0.8)'], ())
    >>> folder.cleanup()
    """

    def __init__(
        self,
        workspace: Workspace | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        defaults: Sequence[Alert] = (),
        window: timedelta = WINDOW,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._workspace, self._own = workspace, workspace is None
        self._environ = os.environ if environ is None else environ
        self._observed = Observed(window)
        self._defaults = tuple(defaults)
        self._metrics: dict[str, None] = {}
        self._sleep = sleep

    @property
    def workspace(self) -> Workspace:
        """Where the alerts are kept."""
        if self._workspace is None:
            self._workspace = Workspace.open()
        return self._workspace

    @property
    def metrics(self) -> tuple[str, ...]:
        """What this monitor answers for."""
        return tuple(self._metrics)

    def track_metrics(self, metrics: Sequence[str]) -> Self:
        """Answer for these metrics: a rule is checked here when all of its metrics are tracked.

        A metric that is tracked and not measured is ``no_data``; one that is not tracked is another
        process's business.

        Parameters
        ----------
        metrics : sequence of str
            Of the store (``accuracy``, ``drift_score`` …) or to be observed.
        """
        self._metrics |= dict.fromkeys(metrics)
        return self

    def setup_alerts(self, alerts: Sequence[Alert]) -> Self:
        """Write rules into the store, in place of those of the same names.

        Raises
        ------
        UnknownName
            A rule names a channel there is not.
        """
        known = self.channels()
        for alert in alerts:
            for name in alert.channels:
                if name not in known:
                    hint = did_you_mean(name, known) or f" (known: {', '.join(sorted(known))})"
                    raise UnknownName(f"alert {alert.name}: unknown channel '{name}'{hint}", name=name)
            self.workspace.store.alerts.put_rule(rule_row(alert))
        return self

    def observe(self, values: Mapping[str, float], at: datetime | None = None, subject: str = LIVE) -> None:
        """Note what was just seen.

        Parameters
        ----------
        values : mapping
            Metric to value: durations in seconds, shares as fractions. ``latency`` observed request
            by request becomes ``latency_p95`` over the window.
        at : datetime, optional
            Default now.
        subject : str
            What it was seen of.
        """
        self._observed.add(values, at or self.workspace.clock.now(), subject)

    def channels(self) -> dict[str, Channel]:
        """Return the channels the environment names, see ``alerts.channel``."""
        return channels(self._environ, self.workspace.settings.data_dir)

    def check(self, *, dry_run: bool = False) -> Check:
        """Measure, decide and tell; exactly once however many processes check.

        Parameters
        ----------
        dry_run : bool
            Say what would be told; write and send nothing.

        Raises
        ------
        UsageError
            The environment names a channel that is not understood.
        """
        now, known = self.workspace.clock.now(), self.channels()
        steps = self._steps(now, tuple(sorted(known)))
        store = self.workspace.store.alerts
        if dry_run:
            found = [
                (alert, measured, next_(store.standing(alert.name, measured.subject)))
                for alert, measured, next_ in steps
            ]
            return Check(tuple(_would(a, m, move) for a, m, move in found if move and move.message), len(steps))
        made = store.move([(alert.name, measured.subject, next_) for alert, measured, next_ in steps])
        told = tuple(Told(row.rule, row.subject, message, row.severity, row.text) for row, message in made)
        return Check(told, len(steps), Courier(store, known, self.workspace.clock, self._sleep).send())

    def close(self) -> None:
        """Close the workspace if this monitor opened it."""
        if self._own and self._workspace is not None:
            self._workspace.store.close()
            self._workspace = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rules(self) -> list[Alert]:
        rules = {alert.name: alert for alert in self._defaults}
        rules |= {row.name: alert_of(row) for row in self.workspace.store.alerts.rules()}
        wanted = (alert for _, alert in sorted(rules.items()) if alert.enabled)
        return [alert for alert in wanted if set(alert.parsed.metrics) <= set(self._metrics)]

    def _steps(self, now: datetime, known: tuple[str, ...]) -> list[tuple[Alert, Measured, Decide]]:
        """Every rule with every subject it concerns, and how the next state is decided."""
        read: dict[str, Sequence[Measured]] = {}
        return [
            (alert, measured, partial(decide, alert, measured, now=now, channels=alert.channels or known))
            for alert in self._rules()
            for measured in self._measured(alert, now, read)
        ]

    def _measured(self, alert: Alert, now: datetime, read: dict[str, Sequence[Measured]]) -> list[Measured]:
        """What is known of every subject that has one of the rule's metrics, and of those it was open for."""
        asked = set(alert.parsed.metrics)
        found: dict[str, list[Measured]] = {}
        for name, reading in READINGS:
            if asked & set(reading.metrics):
                asked -= set(reading.metrics)
                if name not in read:
                    read[name] = reading.read(self.workspace, now)
                for one in read[name]:
                    found.setdefault(one.subject, []).append(one)
        for one in self._observed.measured(alert.parsed.metrics, now):
            found.setdefault(one.subject, []).append(one)
        gone = {row.subject for row in self.workspace.store.alerts.list(open_only=True, rule=alert.name)} - set(found)
        if not found and not gone and asked:
            gone = {LIVE}  # to be observed here, and not seen yet
        missing = [Measured(subject, {}) for subject in sorted(gone)]
        return [*(_joined(subject, parts) for subject, parts in sorted(found.items())), *missing]


def setup_monitoring(workspace: Workspace | None = None, *, environ: Mapping[str, str] | None = None) -> ModelMonitor:
    """Return a monitor of everything the store can tell, with the default rules under those of the store.

    Parameters
    ----------
    workspace : Workspace, optional
    environ : mapping, optional
        Names the channels; default ``os.environ``.
    """
    monitor = ModelMonitor(workspace, environ=environ, defaults=DEFAULTS)
    return monitor.track_metrics([metric for _, reading in READINGS for metric in reading.metrics])


def rule_row(alert: Alert) -> RuleRow:
    """Write a rule as it is kept."""
    settings = {"channels": list(alert.channels), "hold_checks": alert.hold_checks}
    return RuleRow(alert.name, alert.condition, alert.severity, settings, alert.enabled)


def alert_of(row: RuleRow) -> Alert:
    """Read a rule that was kept."""
    settings = row.settings
    return Alert(
        row.name, row.condition, row.severity, tuple(settings["channels"]), int(settings["hold_checks"]), row.enabled
    )


def _joined(subject: str, parts: Sequence[Measured]) -> Measured:
    values: dict[str, float | None] = {}
    for part in parts:
        values |= part.values
    return Measured(subject, values, [row for part in parts for row in part.rows])


def _would(alert: Alert, measured: Measured, move: Move) -> Told:
    return Told(alert.name, measured.subject, move.message, move.severity, move.text)
