"""The training run: cells are planned, trained by an executor, registered, and every end is recorded."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from augury.core.errors import AuguryError
from augury.core.protocols import Executor
from augury.core.recipe import Recipe
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.proof.selection import Deflated
from augury.records.registry.training_runs import TrainingRun
from augury.runs.cells import Cell
from augury.runs.executors import EXECUTORS
from augury.runs.executors._protocol import error_of
from augury.runs.intake import bars_of, check
from augury.runs.proving.sealed import guard_of
from augury.runs.proving.trials import deflated_of, trial_of
from augury.runs.registry.registration import register
from augury.runs.workspace import Workspace, lake_folder


@dataclass(frozen=True)
class Outcome:
    """How one cell ended: a registered version, or the named error that stopped it.

    ``series`` is what each report row adds to the RankIC; ``deflated`` sets it beside the number of
    trials on its dataset.
    """

    cell: Cell
    seconds: float
    manifest: VersionManifest | None = None
    error: AuguryError | None = None
    series: Sequence[float] | None = None
    deflated: Deflated | None = None

    @property
    def exit_code(self) -> int:
        """0 when a version serves, 5 when the gate refused it, else the error's own code."""
        if self.error is not None:
            return self.error.exit_code
        assert self.manifest is not None
        return 5 if self.manifest.verdict.word == "refused" else 0


def train(
    workspace: Workspace, cells: Sequence[Cell], recipe: Recipe, *, executor: Executor | None = None
) -> Iterator[Outcome]:
    """Train cells and yield each outcome as it is recorded.

    One failing cell leaves the others alone. A ``training_runs`` row is written for every cell,
    also for one that failed.

    Parameters
    ----------
    workspace : Workspace
    cells : sequence of Cell
    recipe : Recipe
    executor : Executor, optional
        Default: a pool of ``settings.workers`` processes, or this process when that is 1.
    """
    executor = executor or default_executor(workspace, len(cells))
    workspace.store.artifacts.sweep()  # what a killed run left half filled
    ready, refused = admit(workspace, cells)
    for cell, error in refused:
        yield record(workspace, recipe, Outcome(cell, 0.0, error=error))
    staged = {cell: workspace.store.artifacts.stage() for cell in ready}
    tasks = [("train", task_arguments(workspace, cell, staged[cell], recipe)) for cell in ready]
    try:
        for index, result in executor.run(tasks):
            yield record(workspace, recipe, _finish(workspace, ready[index], staged[ready[index]], result))
    finally:
        for folder in staged.values():
            workspace.store.artifacts.staging.discard(folder)


def default_executor(workspace: Workspace, tasks: int) -> Executor:
    """A pool when there is more than one worker and more than one task."""
    workers = min(workspace.settings.workers, tasks)
    return EXECUTORS.load("pool" if workers > 1 else "inline")(workers)


def admit(workspace: Workspace, cells: Sequence[Cell]) -> tuple[list[Cell], list[tuple[Cell, AuguryError]]]:
    """Divide cells into those whose bars pass every check and those that are refused, with the reason."""
    errors: dict[tuple[str, str], AuguryError | None] = {}
    for cell in cells:
        key = (cell.symbol, cell.timeframe)
        if key in errors:
            continue
        try:
            bars = bars_of(workspace.lake, cell.symbol, Timeframe.parse(cell.timeframe))
            check(bars).raise_if_invalid(f"{cell.symbol} {cell.timeframe}")
            errors[key] = None
        except AuguryError as error:
            errors[key] = error
    ready, refused = [], []
    for cell in cells:
        error_or_none = errors[cell.symbol, cell.timeframe]
        if error_or_none is None:
            ready.append(cell)
        else:
            refused.append((cell, error_or_none))
    return ready, refused


def task_arguments(workspace: Workspace, cell: Cell, staged: Path, recipe: Recipe) -> Json:
    """Write what the job ``train`` needs to know to fit a cell into a staged folder."""
    return {
        "lake": str(lake_folder(workspace.settings)),
        "staged": str(staged),
        "symbol": cell.symbol,
        "timeframe": cell.timeframe,
        "horizon": cell.horizon,
        "recipe": recipe.to_json(),
        "holdout": guard_of(workspace.store, cell.symbol, Timeframe.parse(cell.timeframe)).to_json(),
    }


def _finish(workspace: Workspace, cell: Cell, staged: Path, result: Json) -> Outcome:
    start = time.perf_counter()
    if (error := error_of(result)) is not None:
        workspace.store.artifacts.staging.discard(staged)
        return Outcome(cell, 0.0, error=error)
    manifest = register(workspace, staged, VersionManifest.from_json(result["manifest"]))
    return Outcome(cell, result["seconds"] + time.perf_counter() - start, manifest=manifest, series=result["series"])


def record(workspace: Workspace, recipe: Recipe, outcome: Outcome) -> Outcome:
    """Write the ``training_runs`` row of an outcome and its trial; return it beside the number of trials."""
    manifest, cell = outcome.manifest, outcome.cell
    run = TrainingRun(
        symbol=cell.symbol,
        timeframe=cell.timeframe,
        horizon=cell.horizon,
        run_date=workspace.clock.now(),
        status="failed" if manifest is None else "succeeded",
        seconds=outcome.seconds,
        error_message=None if outcome.error is None else str(outcome.error),
        settings=recipe.to_json(),
    )
    workspace.store.training_runs.add(run if manifest is None else _described(run, manifest))
    if manifest is None:
        return outcome
    workspace.store.trials.record(trial_of(manifest, outcome.series))
    return replace(outcome, deflated=deflated_of(workspace.store.trials, manifest))


def _described(run: TrainingRun, manifest: VersionManifest) -> TrainingRun:
    """Add to a row what came of the run."""
    accuracy = next((score for score in manifest.scores if (score.name, score.slice) == ("accuracy", "report")), None)
    return replace(
        run,
        version=manifest.version,
        models_artifact_path=f"{manifest.cell} {manifest.version}",
        n_training_samples=manifest.slices["train"].n,
        n_validation_samples=manifest.slices["valid"].n,
        ensemble_validation_accuracy=accuracy.value if accuracy else None,
        ci_low=accuracy.low if accuracy else None,
        ci_high=accuracy.high if accuracy else None,
        baseline_accuracy=accuracy.baseline if accuracy else None,
        model_performances={member.name: member.facts for member in manifest.members},
        weights=manifest.weights,
    )
