"""Members of a cell's ensemble: scored on purged inner folds of the train slice, never on the report slice."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.errors import InsufficientHistory
from augury.core.metrics.classification import accuracy, balanced_accuracy, log_loss
from augury.core.metrics.performance import sharpe
from augury.core.metrics.ranking import rank_ic_rows
from augury.core.recipe import Recipe
from augury.core.tables import VOLATILITY, LabelledTable
from augury.core.timeframe import Timeframe
from augury.core.typing import Codes, Floats, Ints, Json, Probabilities
from augury.data.lake import Lake
from augury.features.engine import bars_per_year
from augury.labels.splits import out_of_fold, time_ordered
from augury.models import MEMBERS
from augury.models.alignment import align_proba
from augury.proof.holdout import Guard
from augury.runs.cells import Cell
from augury.runs.intake import bars_of
from augury.runs.jobs.train import ROWS_MIN, label_cell, linted
from augury.runs.proving.sealed import unsealed
from augury.runs.proving.trials import dataset_of
from augury.runs.tuning.family import Report, StudySpec
from augury.runs.tuning.metrics import TrialMetrics, value_of
from augury.runs.tuning.space import Space

COST: Final = 0.0005
"""Of turning a whole position over, a side (5 bps)."""


@dataclass(frozen=True)
class CellRows:
    """The train slice of a cell, and how many of its bars a year has."""

    train: LabelledTable
    per_year: float


@dataclass(frozen=True)
class CellFamily:
    """One member of the catalogue, tuned for one cell.

    Parameters
    ----------
    member : str
    searched : Space
    objective : str
    """

    member: str
    searched: Space
    objective: str = "rank_ic"

    def space(self) -> Space:
        """Return what is searched."""
        return self.searched

    def rows(self, spec: StudySpec, lake: str, guard: Guard) -> CellRows:
        """Return the train slice of the cell, as training would cut it."""
        recipe = Recipe(members={self.member: {}}, seed=spec.seed)
        cell = Cell(spec.data["symbol"], spec.data["timeframe"], spec.data["horizon"])
        bars = unsealed(bars_of(Lake(lake), cell.symbol, Timeframe.parse(cell.timeframe)), guard)
        table, _ = linted(label_cell(bars, cell, recipe), recipe)
        known = table.known()
        known = known.with_frame(known.frame.drop_nulls(VOLATILITY))
        if len(known) < ROWS_MIN:
            raise InsufficientHistory(f"{cell} has {len(known)} labelled rows, tuning needs {ROWS_MIN}", need=ROWS_MIN)
        train = time_ordered(known, recipe.train_fraction).train
        guard.allow("tuning", train.frame)
        return CellRows(train, bars_per_year(bars))

    def dataset(self, spec: StudySpec, rows: CellRows) -> tuple[str, str, int]:
        """Name the cell's bars as training does."""
        return (
            dataset_of(spec.data["symbol"], spec.data["timeframe"]),
            rows.train.data_version,
            rows.train.spec.horizon_bars,
        )

    def score(self, rows: CellRows, params: Json, spec: StudySpec, report: Report) -> TrialMetrics:
        """Fit on each inner fold's past, and measure all answers so far after each."""
        train, horizon = rows.train, rows.train.spec.horizon_bars
        X, y, returns = train.X, train.y, train.forward_returns
        kind = MEMBERS.load(self.member)
        known = inspect.signature(kind).parameters
        given: Json = {"random_state": spec.seed, "horizon_bars": horizon}
        settings = {key: value for key, value in given.items() if key in known} | spec.fixed | params
        answered: list[tuple[Ints, Probabilities]] = []
        metrics = TrialMetrics(n=0)
        for step, (past, test) in enumerate(out_of_fold(train, spec.folds)):
            member = kind(**settings).fit(X[past], y[past])
            answered.append((test, align_proba(member.predict_proba(X[test]), member.classes_)))
            at = np.concatenate([where for where, _ in answered])
            proba = np.concatenate([said for _, said in answered])
            metrics = _measured(proba, y[at], returns[at], horizon, rows.per_year)
            report(step, value_of(spec.objective, metrics))
        return metrics


def _measured(proba: Probabilities, y: Codes, returns: Floats, horizon: int, periods: float) -> TrialMetrics:
    score = proba[:, 2] - proba[:, 0]
    codes = (proba.argmax(axis=1) - 1).astype(np.int8)
    series = rank_ic_rows(score, returns)
    return TrialMetrics(
        n=len(y),
        rank_ic=None if series is None else float(series.mean()),
        sharpe_net=_sharpe(score[::horizon], returns[::horizon], periods / horizon),
        accuracy=accuracy(y, codes),
        balanced_accuracy=balanced_accuracy(y, codes),
        loss=log_loss(y, proba),
        series=() if series is None else tuple(series.tolist()),
        horizon_bars=horizon,
    )


def _sharpe(position: Floats, returns: Floats, periods: float) -> float | None:
    """Of holding the score itself over periods that do not overlap, each change of it paid for."""
    moved = np.abs(np.diff(position, prepend=0.0))
    net = position * returns - COST * moved
    return sharpe(net, periods) if len(net) > 1 and float(net.std()) > 0.0 else None
