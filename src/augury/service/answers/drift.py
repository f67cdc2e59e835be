"""Drift: is what is served still as good as its versions promised?"""

from __future__ import annotations

from datetime import date as Day  # noqa: N812 - a field is called date
from datetime import timedelta

from augury.core.bars import check_symbol
from augury.core.timeframe import Timeframe
from augury.proof.drift.features import drift_score
from augury.proof.drift.metrics import PerformanceMetrics, sentence
from augury.runs.monitoring.drift_monitor import DriftMonitor
from augury.service.backend import Backend
from augury.service.strict import Answer


class DriftRow(Answer):
    """What one check found of one symbol and timeframe.

    ``accuracy``, its 95 % interval and ``baseline_accuracy`` (what the version promised) are fractions, the
    interval at ``n_eff`` forecasts that count; ``drift_margin`` is accuracy less baseline. ``data_date`` is the day of
    the newest outcome.
    """

    symbol: str
    timeframe: str
    date: Day
    level: str
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    baseline_accuracy: float | None
    drift_margin: float | None
    p_value: float | None
    n_predictions: int
    n_eff: float
    drift_detected: bool
    data_date: Day | None
    notes: list[str]
    action: str
    text: str


class DriftSummary(Answer):
    """The checks of some days of one cell, summed up, and what is recommended."""

    symbol: str
    timeframe: str
    days: int
    days_judged: int
    level: str
    overall_accuracy: float | None
    baseline_accuracy: float | None
    trend: float | None
    recommendation: str
    text: str


class DriftPage(Answer):
    """Checks since a day: ``rows`` the newest day first, one summary a cell, and one sentence on the newest day."""

    since: Day
    until: Day
    sentence: str
    cells: list[DriftSummary]
    rows: list[DriftRow]


class FeatureDrift(Answer):
    """How far one feature moved from the train slice: three distances, the limit, and whether it is beyond."""

    feature: str
    psi: float | None
    ks: float | None
    wasserstein: float | None
    limit: float
    flagged: bool


class FeatureDriftPage(Answer):
    """How far each feature of a cell moved, at the newest check that looked; the score is the share beyond."""

    symbol: str
    timeframe: str
    drift_score: float | None
    flagged: int
    features: list[FeatureDrift]


def drift(
    backend: Backend, symbol: str | None = None, timeframe: str | None = None, days: int = 30, limit: int = 1000
) -> DriftPage:
    """Return the stored checks of the last days, today included."""
    wanted = (check_symbol(symbol) if symbol else None, str(Timeframe.parse(timeframe)) if timeframe else None)
    today = backend.workspace.clock.now().date()
    since = today - timedelta(days=days - 1)
    rows = list(backend.workspace.store.drift.list(*wanted, since=since, until=today))
    newest = [row for row in rows if row.date == rows[-1].date]
    monitor = DriftMonitor(backend.workspace)
    cells = sorted({(row.symbol, row.timeframe) for row in rows})
    found = [monitor.get_drift_status(*cell, days=days) for cell in cells]
    return DriftPage(
        since=since, until=today, sentence=sentence(newest),
        cells=[DriftSummary(**one.to_json(), text=one.text()) for one in found],
        rows=[_row(row) for row in reversed(rows)][:limit],
    )  # fmt: skip


def feature_drift(backend: Backend, symbol: str, timeframe: str, limit: int = 500) -> FeatureDriftPage:
    """Return how far the features of a cell moved, the flagged ones and the largest shifts first."""
    frame = str(Timeframe.parse(timeframe))
    shifts = list(backend.workspace.store.drift.features(check_symbol(symbol), frame))
    ordered = sorted(shifts, key=lambda one: (not one.flagged, -(one.psi or 0.0), one.feature))
    rows = [FeatureDrift(**{name: getattr(one, name) for name in FeatureDrift.model_fields}) for one in ordered[:limit]]
    flagged = sum(one.flagged for one in shifts)
    return FeatureDriftPage(
        symbol=symbol, timeframe=frame, drift_score=drift_score(shifts), flagged=flagged, features=rows
    )


def _row(row: PerformanceMetrics) -> DriftRow:
    low, high = row.interval
    plain = row.to_json() | {"date": row.date, "data_date": row.data_date}
    return DriftRow(**plain, accuracy_low=low, accuracy_high=high, text=row.text())
