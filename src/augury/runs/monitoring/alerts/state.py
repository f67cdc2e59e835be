"""What follows from a measurement: the state of an alert, and whether people are told.

    normal ──true──▶ pending ──held──▶ alerting ──false──▶ normal     nothing measured: no_data
                                                                      not a number:     error

People are told once when an alert begins and once when it has ended. The same alert does not speak
again within an hour of the last time. One that came and went three times in six hours is taken to
flap: it stays open until its condition was false for an hour. What cannot be measured ends nothing:
an open alert stays open through ``no_data`` and ``error``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from augury.core.clock import iso
from augury.core.typing import Json
from augury.records.loop.alerts import FIRE, RESOLVE, Move, Standing
from augury.runs.monitoring.alerts.rule import Alert, effective
from augury.runs.monitoring.alerts.wording import sentence
from augury.runs.monitoring.measured import Measured

DEDUPE: Final = timedelta(hours=1)
FLAPS: Final = 3
FLAP_WINDOW: Final = timedelta(hours=6)
CALM: Final = timedelta(hours=1)


def decide(
    alert: Alert, measured: Measured, standing: Standing, *, now: datetime, channels: tuple[str, ...]
) -> Move | None:
    """Return the next state and what people are told; None when nothing ever happened and nothing does.

    Parameters
    ----------
    alert : Alert
    measured : Measured
    standing : Standing
        What is on record.
    now : datetime
    channels : tuple of str
        Who would be told.
    """
    condition = effective(alert, measured.values)
    values = {name: measured.values.get(name) for name in condition.metrics}
    holds = None if _broken(values) else condition.holds(values)
    if holds:
        state, message, kept = _true(alert, standing, now)
    elif holds is None:
        state, message, kept = "error" if _broken(values) else "no_data", "", {}
    else:
        state, message, kept = _false(standing, now)
    if state == "normal" and standing.row is None:
        return None
    data = {"rows": list(measured.rows), **kept}
    value = values[condition.metrics[0]]
    return Move(
        state,
        alert.severity,
        value if value is not None and math.isfinite(value) else None,
        sentence(alert, condition, measured.subject, values, state),
        data,
        message,
        channels,
    )


def _true(alert: Alert, standing: Standing, now: datetime) -> tuple[str, str, Json]:
    spoke = standing.told_at is not None and now - standing.told_at < DEDUPE
    if standing.open is not None:
        return "alerting", "" if standing.told or spoke else FIRE, {}
    before = standing.row.data.get("held", 0) if standing.row and standing.row.state == "pending" else 0
    if before + 1 < alert.hold_checks:
        return "pending", "", {"held": before + 1}
    return "alerting", "" if spoke else FIRE, {}


def _false(standing: Standing, now: datetime) -> tuple[str, str, Json]:
    if standing.open is None or standing.row is None:
        return "normal", "", {}
    lately = [moment for moment in standing.resolved_at if now - moment <= FLAP_WINDOW]
    if len(lately) >= FLAPS:
        calm = standing.row.data.get("calm_since", iso(now))
        if now - datetime.fromisoformat(calm) < CALM:
            return "alerting", "", {"calm_since": calm}
    return "normal", RESOLVE if standing.told else "", {}


def _broken(values: Mapping[str, float | None]) -> bool:
    return any(value is not None and not math.isfinite(value) for value in values.values())
