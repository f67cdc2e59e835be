"""A sweep: trials on the executor until as many have ended as were asked for, each counted in the trial ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.proof.holdout import Guard
from augury.records.trials.trials import Trial
from augury.runs.executors import EXECUTORS
from augury.runs.executors._protocol import error_of
from augury.runs.proving.sealed import UNSEALED, guard_of, guard_of_file
from augury.runs.proving.trials import deflated_trial
from augury.runs.tuning import FAMILIES
from augury.runs.tuning.family import StudySpec
from augury.runs.tuning.study import Study, TrialRow, counted
from augury.runs.workspace import Workspace, lake_folder

OnTrial = Callable[[Json], None]


def studies_folder(workspace: Workspace) -> Path:
    """Where the studies of a workspace lie."""
    return workspace.settings.data_dir / "studies"


def run(
    study: Study, workspace: Workspace, trials: int, *, workers: int | None = None, on_trial: OnTrial | None = None
) -> TrialRow:
    """Run a study until ``trials`` trials have ended, those of earlier runs included.

    With one worker the trials are the same whether the sweep was cut off or not; with several, what
    the sampler knows depends on who ends first.

    Parameters
    ----------
    study : Study
    workspace : Workspace
    trials : int
    workers : int, optional
        Processes; default the workspace's.
    on_trial : callable, optional
        Called with the number and the state of each trial as it ends.

    Returns
    -------
    TrialRow
        The best.

    Raises
    ------
    NotFound
        No trial was completed.
    AuguryError
        The rows could not be read.
    """
    study.abandon_dead()
    guard = guard_of_study(workspace, study.spec)
    rows = FAMILIES.load(study.spec.family).rows(study.spec, str(lake_folder(workspace.settings)), guard)
    dataset = FAMILIES.load(study.spec.family).dataset(study.spec, rows)
    del rows
    _record(workspace, study, dataset)
    left = max(0, trials - counted(study.trials()))
    arguments = {"study": str(study.folder), "lake": str(lake_folder(workspace.settings)), "holdout": guard.to_json()}
    count = workers or workspace.settings.workers
    executor = EXECUTORS.load("pool" if count > 1 else "inline")(count)
    for _, result in executor.run([("trial", arguments)] * left):
        if (error := error_of(result)) is not None:
            raise error
        _record(workspace, study, dataset)
        study.write_outputs(dataset[1])
        if on_trial is not None:
            on_trial(result)
    study.write_outputs(dataset[1])
    return study.best()


def guard_of_study(workspace: Workspace, spec: StudySpec) -> Guard:
    """Return the guard of the data a study reads."""
    symbol = spec.data.get("symbol")
    if symbol:
        return guard_of(workspace.store, symbol, Timeframe.parse(spec.data["timeframe"]))
    return guard_of_file(workspace.store, Path(spec.data["file"])) if "file" in spec.data else UNSEALED


def recompute(study: Study, workspace: Workspace) -> tuple[float, float]:
    """Score the best settings again; return the value of the trial and the one found now."""
    from augury.runs.tuning.metrics import value_of

    best, family = study.best(), FAMILIES.load(study.spec.family)
    rows = family.rows(study.spec, str(lake_folder(workspace.settings)), guard_of_study(workspace, study.spec))
    metrics = family.score(rows, best.params, study.spec, lambda step, value: None)
    assert best.value is not None
    return best.value, value_of(study.spec.objective, metrics)


def deflated_best(study: Study, workspace: Workspace) -> str:
    """Say what the best trial's RankIC is worth among all trials of its dataset."""
    family = FAMILIES.load(study.spec.family)
    rows = family.rows(study.spec, str(lake_folder(workspace.settings)), guard_of_study(workspace, study.spec))
    trial = _trial(study, study.best(), family.dataset(study.spec, rows))
    deflated = deflated_trial(workspace.store.trials, trial)
    return deflated.text() if deflated else "undefined: the best trial has no RankIC"


def _record(workspace: Workspace, study: Study, dataset: tuple[str, str, int]) -> None:
    """Write every ended trial into the trial ledger; one that stands there already is not written twice."""
    for row in study.trials():
        if row.state != "RUNNING" and row.params:
            workspace.store.trials.record(_trial(study, row, dataset))


def _trial(study: Study, row: TrialRow, dataset: tuple[str, str, int]) -> Trial:
    name, data_version, horizon = dataset
    metrics = row.metrics
    series = metrics.series if metrics and metrics.rank_ic is not None else ()
    return Trial(
        dataset=name,
        data_version=data_version,
        kind="tuning",
        settings={"study": study.spec.to_json(), "params": row.params},
        metric="rank_ic",
        value=metrics.rank_ic if metrics else None,
        n=float(metrics.n) if metrics else 0.0,
        series=np.asarray(series, dtype=np.float64) if series else None,
        horizon_bars=horizon,
    )
