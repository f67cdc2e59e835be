"""Training runs and tracked experiments: what was tried, and what it measured."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from augury.core.bars import check_symbol
from augury.core.errors import NotFound
from augury.core.timeframe import Timeframe
from augury.records.registry.training_runs import TrainingRun
from augury.records.tracking import experiment, experiments
from augury.runs.proving.experiments import compared
from augury.service.backend import Backend
from augury.service.cursors import read_cursor, write_cursor
from augury.service.strict import Answer


class RunAnswer(Answer):
    """One attempt to train a cell.

    Accuracies are shares of the validation rows, with their 95 % interval and what a rule without skill reaches there.
    """

    id: int
    symbol: str
    timeframe: str
    horizon: str | None
    run_date: datetime
    status: str
    seconds: float
    version: str | None
    error_message: str | None
    n_training_samples: int | None
    n_validation_samples: int | None
    ensemble_validation_accuracy: float | None
    ci_low: float | None
    ci_high: float | None
    baseline_accuracy: float | None
    settings: dict[str, Any]
    model_performances: dict[str, Any]
    weights: dict[str, float]


class RunPage(Answer):
    """Training runs, the last first."""

    runs: list[RunAnswer]
    next_cursor: str | None


class ExperimentAnswer(Answer):
    """One tracked experiment."""

    experiment_id: str
    phase: str
    timestamp: str
    metrics: dict[str, Any]
    config: dict[str, Any]


class ExperimentPage(Answer):
    """Tracked experiments, the oldest first."""

    experiments: list[ExperimentAnswer]


class ExperimentComparison(Answer):
    """Two experiments measured on the same rows; a verdict is given only when one setting differs."""

    a: str
    b: str
    verdict: str
    facts: dict[str, Any]


def runs(
    backend: Backend, symbol: str | None = None, timeframe: str | None = None, limit: int = 50,
    cursor: str | None = None,
) -> RunPage:  # fmt: skip
    """Return attempts to train, those that failed, too."""
    symbol = check_symbol(symbol) if symbol else None
    timeframe = str(Timeframe.parse(timeframe)) if timeframe else None
    question = {"of": "runs", "symbol": symbol, "timeframe": timeframe}
    after = read_cursor(cursor, question, int)
    found = backend.workspace.store.training_runs.keyed(
        symbol, timeframe, limit + 1, before=after[0] if after else None
    )
    more = write_cursor(question, [found[limit - 1][0]]) if len(found) > limit else None
    return RunPage(runs=[_run(key, one) for key, one in found[:limit]], next_cursor=more)


def run(backend: Backend, run_id: int) -> RunAnswer:
    """Return one attempt to train.

    Raises
    ------
    NotFound
    """
    found = backend.workspace.store.training_runs.keyed(limit=1, before=run_id + 1)
    if not found or found[0][0] != run_id:
        raise NotFound(f"no training run {run_id}", fix="GET /v1/runs")
    return _run(*found[0])


def tracked(backend: Backend) -> ExperimentPage:
    """Return the tracked experiments; none before the first."""
    try:
        found = experiments(backend.workspace.settings.data_dir)
    except NotFound:
        found = []
    return ExperimentPage(experiments=[_experiment(one.to_json()) for one in found])


def compare(backend: Backend, a: str, b: str, varies: str | None = None) -> ExperimentComparison:
    """Compare two experiments.

    Raises
    ------
    NotFound
    DataError
        They were measured on different rows.
    """
    folder = backend.workspace.settings.data_dir
    one, other = experiment(folder, a), experiment(folder, b)
    found = compared(one, other, varies)
    return ExperimentComparison(a=one.experiment_id, b=other.experiment_id, verdict=found.verdict, facts=asdict(found))


def _run(key: int, one: TrainingRun) -> RunAnswer:
    return RunAnswer(id=key, **{name: getattr(one, name) for name in RunAnswer.model_fields if name != "id"})


def _experiment(said: dict[str, Any]) -> ExperimentAnswer:
    return ExperimentAnswer(**{name: said[name] for name in ExperimentAnswer.model_fields})
