"""Refit the weights of champions on forecasts that have matured: the weekly refresh; members are not touched."""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.errors import InsufficientHistory, UsageError
from augury.core.typing import Json
from augury.runs.durable.kind import HEAVY, Bench, Kind
from augury.runs.executors._protocol import failure
from augury.runs.weights_refresh import arguments_of, champions, outcome_of


def plan(bench: Bench) -> Sequence[Json]:
    """One part a champion that has weights; none is no fault, there is then nothing to do."""
    settings = bench.job.settings
    return [
        {
            "name": f"{row.symbol} {row.timeframe} {row.horizon}",
            "number": number,
            "version": [row.symbol, row.timeframe, row.horizon, row.version],
        }
        for number, row in enumerate(champions(bench.workspace))
        if (not settings["symbols"] or row.symbol in settings["symbols"])
        and (not settings["timeframes"] or row.timeframe in settings["timeframes"])
    ]


def task(bench: Bench, part: Json) -> tuple[str, Json]:
    """Refit one version's weights in the job's own folder."""
    row = bench.workspace.store.versions.get(*part["version"])
    return "weights", arguments_of(bench.workspace, row, bench.folder / str(part["number"]), bench.moment)


def write(bench: Bench, part: Json, made: Json) -> Json:
    """Register what is better and log the refit.

    A cell with too few outcomes, or with one member only, stays as it is: that is no failure.
    """
    row = bench.workspace.store.versions.get(*part["version"])
    found = outcome_of(bench.workspace, row, made, by=f"job {bench.job.id}")
    if isinstance(found.error, InsufficientHistory | UsageError):
        return {"text": f"left as it is: {found.error.message}", "kept": False}
    if found.error is not None:
        return failure(found.error) | {key: made[key] for key in ("dead",) if key in made}
    kept = {"kept": bool(found.version), "version": found.version, "of": found.of}
    return kept | {"text": found.version or f"left as it is: {found.told['reason']}", "weights": found.told["weights"]}


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Name the new versions."""
    return {"versions": [said["version"] for said in results if said.get("kept")]}


KIND = Kind(
    title="Refit the weights of champions on matured forecasts",
    plan=plan,
    task=task,
    write=write,
    notes_failures=True,
    finish=finish,
    settings={"symbols": [], "timeframes": []},
    queue=HEAVY,
)
