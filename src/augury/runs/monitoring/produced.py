"""What can be seen of a served version before its outcomes are known: its answers, and what they promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from augury.core.labelspec import LABELS
from augury.core.outcome import Outcome
from augury.core.score import Score
from augury.core.typing import Json
from augury.proof.drift.answers import Answers, Habit, habits
from augury.proof.drift.divergence import Divergence, divergences
from augury.proof.drift.estimated import EstimatedAccuracy, estimated_accuracy
from augury.proof.drift.metrics import PerformanceMetrics
from augury.proof.drift.thresholds import load_thresholds
from augury.proof.gates.overfit import GATE as OVERFIT_GAP
from augury.records.ledger.chain import LedgerRow
from augury.records.loop.drift import Served
from augury.runs.workspace import Workspace

NEWEST: Final = 400
"""Newest forecasts of a horizon that are looked at."""
_SILENT: Final = {"abstain", "band_only", "replay"}
"""Their sameness is meant, or they say nothing about today."""


@dataclass(frozen=True)
class Produced:
    """What the newest forecasts of one horizon show.

    Parameters
    ----------
    horizon : str
    n : int
        Forecasts looked at.
    habits : tuple of Habit
        Collapse, a one-sided habit, dead heads; empty when nothing is wrong or there are too few to tell.
    estimated : EstimatedAccuracy or None
        Of the forecasts that wait for their outcome; None without any, or without a calibration to go by.
    divergences : tuple of Divergence
        Between the accuracies on train, on validation and live.
    """

    horizon: str
    n: int
    habits: tuple[Habit, ...]
    estimated: EstimatedAccuracy | None
    divergences: tuple[Divergence, ...]

    def text(self) -> str:
        """One line: what is wrong, and what is to be expected."""
        wrong = [habit.message for habit in self.habits]
        wrong += [one.text() for one in self.divergences if one.grade != "none"]
        expected = "no outcome is waited for" if self.estimated is None else self.estimated.text()
        judged = self.n >= load_thresholds()["answers.rows_min"]
        fine = f"the last {self.n} answers are lively" if judged else f"{self.n} answers are too few to judge"
        return f"{self.horizon}: {'; '.join(wrong) or fine}; {expected}"

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {
            "horizon": self.horizon,
            "n": self.n,
            "text": self.text(),
            "habits": [one.to_json() for one in self.habits],
            "estimated": None if self.estimated is None else asdict(self.estimated),
            "divergences": [one.to_json() for one in self.divergences],
        }


def produced(workspace: Workspace, row: PerformanceMetrics) -> list[Produced]:
    """Look at the newest forecasts of a checked cell, horizon by horizon.

    Parameters
    ----------
    workspace : Workspace
    row : PerformanceMetrics
        Of the check: names the cell, and its live accuracy when that was judged.
    """
    serving = workspace.store.drift.served(workspace.clock.now())
    mine = [one for one in serving if (one.symbol, one.timeframe) == (row.symbol, row.timeframe)]
    return [_of_horizon(workspace, one, _live_accuracy(row)) for one in mine]


def _live_accuracy(row: PerformanceMetrics) -> float | None:
    return row.accuracy if row.p_value is not None and row.level not in ("NO_DATA", "INSUFFICIENT_DATA") else None


def spoken(workspace: Workspace, one: Served) -> list[LedgerRow]:
    """Return the newest forecasts of the version that serves a horizon, in order of time.

    Those of the versions it was refreshed from count; abstentions, bands alone and replays do not.
    """
    newest = workspace.store.ledger.list(one.symbol, one.timeframe, one.horizon, limit=NEWEST)
    return [
        row for row in reversed(newest) if row.forecast.version in one.family and not _SILENT & set(row.forecast.flags)
    ]


def habits_among(workspace: Workspace, said: Sequence[LedgerRow]) -> list[Habit]:
    """Name what is wrong with forecasts of one horizon, beside what came of those that have matured."""
    if not said:
        return []
    came = _came(workspace, said)
    return habits(
        Answers(
            np.array([row.forecast.probabilities for row in said], np.float64).reshape(-1, len(LABELS)),
            np.array([row.forecast.expected_return for row in said], np.float64),
            np.array([outcome.realised_return for outcome in came.values()], np.float64),
            np.array([LABELS.index(outcome.realised_label) for outcome in came.values()], np.float64),
        )
    )


def _came(workspace: Workspace, said: Sequence[LedgerRow]) -> dict[int, Outcome]:
    """What came of forecasts of one horizon, by the key of the ledger's row."""
    first, keys = said[0].forecast, {row.id for row in said}
    scored = workspace.store.evaluations.list(first.symbol, first.timeframe, first.horizon, limit=NEWEST)
    return {outcome.forecast_id: outcome for outcome in scored if outcome.forecast_id in keys}


def _of_horizon(workspace: Workspace, one: Served, live: float | None) -> Produced:
    said = spoken(workspace, one)
    came = _came(workspace, said) if said else {}
    scores = {score.slice: score for score in map(Score.from_json, one.manifest["scores"]) if score.name == "accuracy"}
    report = scores.get("report")
    validation = report.value if report else None
    return Produced(
        horizon=one.horizon,
        n=len(said),
        habits=tuple(habits_among(workspace, said)),
        estimated=_estimated([row for row in said if row.id not in came], one, report),
        divergences=tuple(divergences(_train_accuracy(one, validation), validation, live)),
    )


def _train_accuracy(one: Served, validation: float | None) -> float | None:
    """On rows that were learned from: validation plus what the gate of overfitting saw lost."""
    gaps = [gate["value"] for gate in one.manifest["verdict"]["gates"] if gate["code"] == OVERFIT_GAP.code]
    return None if validation is None or not gaps or gaps[0] is None else validation + float(gaps[0])


def _estimated(waiting: Sequence[LedgerRow], one: Served, report: Score | None) -> EstimatedAccuracy | None:
    newest = {row.forecast.data_until: row.forecast for row in waiting}
    if not newest or report is None or report.n_eff <= 0:
        return None
    horizon_bars = np.full(len(newest), float(one.manifest["label_spec"]["horizon_bars"]))
    return estimated_accuracy(np.array([said.confidence for said in newest.values()]), horizon_bars, report.n_eff)
