"""What a week of checks says together, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from augury.core.typing import Json
from augury.proof.drift.metrics import JUDGED, LEVELS, PerformanceMetrics, worst
from augury.proof.drift.thresholds import load_thresholds

RECOMMENDATIONS: Final = (
    *("retrain_now", "schedule_retrain", "monitor_closely", "operating_normally", "insufficient_data"),
)


@dataclass(frozen=True, slots=True)
class DriftStatus:
    """The checks of some days of one cell.

    Parameters
    ----------
    symbol, timeframe : str
    days : int
        Checks looked at.
    days_judged : int
        Of them with a level of ``JUDGED``.
    level : str
        The hardest of them; ``NO_DATA`` without any.
    overall_accuracy, baseline_accuracy : float or None
        Pooled over the judged days by their forecasts.
    trend : float or None
        Accuracy of the later half of the judged days less that of the earlier half; None below three.
    recommendation : str
        One of ``RECOMMENDATIONS``.
    """

    symbol: str
    timeframe: str
    days: int
    days_judged: int
    level: str
    overall_accuracy: float | None
    baseline_accuracy: float | None
    trend: float | None
    recommendation: str

    def text(self) -> str:
        """One line for people."""
        trend = "too few days for a trend" if self.trend is None else f"trend {self.trend * 100:+.1f} points"
        if self.overall_accuracy is None:
            return f"{self.symbol} {self.timeframe}: {self.recommendation} ({self.level} on {self.days} days)"
        return (
            f"{self.symbol} {self.timeframe}: {self.recommendation} (worst {self.level}, accuracy"
            f" {self.overall_accuracy:.3f}, {trend}, {self.days_judged} of {self.days} days judged)"
        )

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)


def status_of(symbol: str, timeframe: str, rows: Sequence[PerformanceMetrics]) -> DriftStatus:
    """Sum up the rows of one cell.

    ``retrain_now`` with any EMERGENCY; with a DRIFT ``schedule_retrain`` while the accuracy declines, else
    ``monitor_closely``; ``insufficient_data`` below three judged days; else ``operating_normally``.

    Parameters
    ----------
    symbol, timeframe : str
    rows : sequence of PerformanceMetrics
        In order of days.

    Examples
    --------
    >>> status_of("AAPL", "d1", []).recommendation
    'insufficient_data'
    """
    judged = [row for row in rows if row.level in JUDGED]
    trend = _trend(judged) if len(judged) >= load_thresholds()["status.days_min"] else None
    hardest = worst(rows)
    return DriftStatus(
        symbol=symbol,
        timeframe=timeframe,
        days=len(rows),
        days_judged=len(judged),
        level=hardest.level if hardest else "NO_DATA",
        overall_accuracy=_pooled(judged, "accuracy"),
        baseline_accuracy=_pooled(judged, "baseline_accuracy"),
        trend=trend,
        recommendation=_recommend({row.level for row in rows}, trend, len(judged)),
    )


def _recommend(levels: set[str], trend: float | None, judged: int) -> str:
    assert levels <= set(LEVELS)
    if "EMERGENCY" in levels:
        return "retrain_now"
    if "DRIFT" in levels:
        return "schedule_retrain" if trend is not None and trend < 0 else "monitor_closely"
    return "insufficient_data" if judged < load_thresholds()["status.days_min"] else "operating_normally"


def _pooled(rows: Sequence[PerformanceMetrics], name: str) -> float | None:
    total = sum(row.n_predictions for row in rows)
    return sum(getattr(row, name) * row.n_predictions for row in rows) / total if total else None


def _trend(rows: Sequence[PerformanceMetrics]) -> float:
    half = len(rows) // 2
    earlier, later = (_pooled(part, "accuracy") for part in (rows[:half], rows[len(rows) - half :]))
    return (later or 0.0) - (earlier or 0.0)
