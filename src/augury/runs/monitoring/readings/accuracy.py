"""How good the forecasts of each cell are, as the newest daily check found it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from augury.core.typing import Json
from augury.proof.drift.metrics import JUDGED, PerformanceMetrics
from augury.runs.monitoring.measured import Measured, Reading
from augury.runs.workspace import Workspace

FRESH: Final = timedelta(days=4)
"""A check older than a long week-end says nothing about today."""


def _read(workspace: Workspace, now: datetime) -> Sequence[Measured]:
    newest: dict[str, PerformanceMetrics] = {}
    for row in workspace.store.drift.list(since=(now - FRESH).date(), until=now.date()):
        newest[f"{row.symbol} {row.timeframe}"] = row
    return [_measured(subject, row) for subject, row in sorted(newest.items())]


def _measured(subject: str, row: PerformanceMetrics) -> Measured:
    # Too few outcomes, or none today: neither good nor bad, so nothing is known.
    known = row.level in JUDGED
    values = {
        "accuracy": row.accuracy if known else None,
        "accuracy_margin": row.drift_margin if known else None,
        "drift_level": float(JUDGED.index(row.level)) if known else None,
    }
    return Measured(subject, values, [_row(row)])


def _row(row: PerformanceMetrics) -> Json:
    return {
        "date": row.date.isoformat(), "level": row.level, "accuracy": row.accuracy, "n": row.n_predictions,
        "n_eff": row.n_eff, "baseline": row.baseline_accuracy, "margin": row.drift_margin, "p_value": row.p_value,
    }  # fmt: skip


READING: Final = Reading(("accuracy", "accuracy_margin", "drift_level"), _read)
