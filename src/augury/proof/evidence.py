"""What the gates look at."""

from __future__ import annotations

import math
from dataclasses import dataclass

from augury.core.errors import DataError, LeakError
from augury.core.prediction import Prediction
from augury.core.score import Score
from augury.core.tables import LabelledTable


@dataclass(frozen=True)
class Evidence:
    """An ensemble's answers on the report slice, beside what it showed while learning.

    Parameters
    ----------
    prediction : Prediction
        On the rows of ``table``.
    table : LabelledTable
        The report rows: nothing was fitted or chosen on them.
    scores : tuple of Score
        From :func:`augury.proof.evaluation.evaluate` on the same rows, slice ``report``.
    train_accuracy : float
        On the very rows that were fitted, in [0, 1].
    oof_accuracy : float
        Out of fold inside the train part, in [0, 1].
    n_train : int
        Train rows.
    horizon_bars : int
        Bars an outcome takes, >= 1.

    Raises
    ------
    LeakError
        A score of another slice than ``report``: what was fitted or selected on cannot prove anything.
    DataError
        Rows that do not match, or an accuracy outside [0, 1].
    """

    prediction: Prediction
    table: LabelledTable
    scores: tuple[Score, ...]
    train_accuracy: float
    oof_accuracy: float
    n_train: int
    horizon_bars: int

    def __post_init__(self) -> None:
        if other := sorted({score.slice for score in self.scores} - {"report"}):
            raise LeakError(f"the gates were handed scores of slice {', '.join(other)}; only report rows are evidence")
        if len(self.prediction.codes) != len(self.table):
            raise DataError(f"{len(self.prediction.codes)} answers for {len(self.table)} rows: not the same rows")
        for name in ("train_accuracy", "oof_accuracy"):
            value = getattr(self, name)
            if not (math.isfinite(value) and 0 <= value <= 1):
                raise DataError(f"{name}={value} is outside [0, 1]")

    def score(self, name: str) -> Score | None:
        """Return a score by name; None when it was undefined on these rows."""
        return next((score for score in self.scores if score.name == name), None)

    @property
    def n_eff_report(self) -> float:
        """Report rows that count."""
        accuracy = self.score("accuracy")
        return accuracy.n_eff if accuracy else len(self.table) / self.horizon_bars

    @property
    def n_eff_train(self) -> float:
        """Train rows that count, at the rate of the report rows."""
        return self.n_train * self.n_eff_report / max(1, len(self.table))
