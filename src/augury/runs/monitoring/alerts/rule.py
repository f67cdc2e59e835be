"""A rule: a named condition, how bad it is, and who is told. The rules that every store begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from augury.core.errors import UsageError
from augury.core.suggestion import did_you_mean
from augury.runs.monitoring.alerts.expression import Condition, parse

SEVERITIES: Final = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Alert:
    """A named condition that people are told about when it becomes true.

    Parameters
    ----------
    name : str
        Unique; letters, digits, ``_`` and ``-``.
    condition : str
        ``metric op value[unit]``, joined by ``and`` and ``or``; see ``expression``.
    severity : str
        ``info``, ``warning`` (default) or ``critical``.
    channels : tuple of str
        Names of channels; empty (default): all there are.
    hold_checks : int
        Checks in a row the condition must hold before it alerts, >= 1. Default 1: at once; a larger
        number waits longer (``pending``) and lets through less noise.
    enabled : bool
        A rule that is not enabled is kept and not checked.

    Raises
    ------
    UsageError
        A name, condition or severity that is not understood.

    Examples
    --------
    >>> Alert("accuracy_drop", "accuracy < 0.8", severity="critical").parsed.metrics
    ('accuracy',)
    """

    name: str
    condition: str
    severity: str = "warning"
    channels: tuple[str, ...] = ()
    hold_checks: int = 1
    enabled: bool = True
    parsed: Condition = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.name or not all(sign.isalnum() or sign in "_-" for sign in self.name) or len(self.name) > 64:
            raise UsageError(f"'{self.name}' is no name of an alert: letters, digits, _ and -, at most 64 of them")
        if self.severity not in SEVERITIES:
            hint = did_you_mean(self.severity, SEVERITIES)
            raise UsageError(f"unknown severity '{self.severity}'{hint} (known: {', '.join(SEVERITIES)})")
        if self.hold_checks < 1:
            raise UsageError(f"hold_checks={self.hold_checks} is below 1: an alert holds for one check at least")
        object.__setattr__(self, "parsed", parse(self.condition))


DEFAULTS: Final = (
    Alert("accuracy_drop", "accuracy < 0.8", "critical"),
    Alert("latency_high", "latency_p95 > 200ms", "warning"),
    Alert("drift_score_high", "drift_score > 0.2", "warning"),
    Alert("errors_frequent", "error_rate > 5%", "warning"),
    Alert("forecasts_collapsed", "bad_habits > 0", "critical"),
    Alert("forecast_stale", "sessions_missed > 0", "warning"),
    Alert("worker_dead", "worker_silence > 120s", "critical"),
    Alert("storage_low", "storage_free < 5%", "critical"),
)
"""Checked in every store that has no rule of the same name; one there takes its place, or turns it off."""

BASELINE_DROP: Final = parse("accuracy_margin < -15% and drift_level >= 2")
"""What a drop is once there is a baseline: 15 points below it, and the test of the day agrees."""


def effective(alert: Alert, values: Mapping[str, float | None]) -> Condition:
    """Return the condition to check: the default one on accuracy gives way to the baseline once there is one.

    A fixed 0.8 knows nothing of the cell: where the classes are even, 0.55 may be excellent.

    Parameters
    ----------
    alert : Alert
    values : mapping
        What was measured of the subject.

    Examples
    --------
    >>> drop = DEFAULTS[0]
    >>> str(effective(drop, {"accuracy": 0.5})), str(effective(drop, {"accuracy": 0.5, "accuracy_margin": -0.02}))
    ('accuracy < 0.8', 'accuracy_margin < -15% and drift_level >= 2')
    """
    replaced = alert.condition == DEFAULTS[0].condition and values.get("accuracy_margin") is not None
    return BASELINE_DROP if replaced else alert.parsed
