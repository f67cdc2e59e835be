"""Train, judge and register cells; a job that is killed goes on with the cell it was at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from augury.core.errors import NotFound, UsageError
from augury.core.recipe import Recipe
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.runs.cells import Cell, plan_cells
from augury.runs.durable.kind import HEAVY, Bench, Kind
from augury.runs.executors._protocol import error_of, failure
from augury.runs.recipes import load_recipe
from augury.runs.registry.promotion import challenge
from augury.runs.registry.registration import SERVABLE
from augury.runs.training import Outcome, admit, record, task_arguments
from augury.runs.workspace import Workspace

SETTINGS: Json = {
    "symbols": [],
    "timeframes": ["d1"],
    "horizons": [],
    "recipe": "default",
    "data_version": "latest",
    "forecast": False,
}


def recipe_of(value: str | Json) -> Recipe:
    """Return the recipe of a setting: a name, a file, or the recipe itself as a JSON object."""
    return load_recipe(value) if isinstance(value, str) else Recipe.from_json(value)


def cells_of(workspace: Workspace, settings: Json, recipe: Recipe) -> list[Cell]:
    """List the cells that are asked for; no symbols means everything in the lake.

    Raises
    ------
    NotFound
        The lake is empty.
    """
    horizons = settings["horizons"] or recipe.horizons
    if settings["symbols"]:
        return plan_cells(settings["symbols"], settings["timeframes"], horizons)
    entries = workspace.lake.entries()
    if not entries:
        raise NotFound(f"the lake {workspace.lake.root} is empty", fix="augury data import --provider arch")
    return [cell for e in entries for cell in plan_cells([e.symbol], [str(e.timeframe)], horizons)]


def plan(bench: Bench) -> Sequence[Json]:
    """One part a cell; bars that fail their checks are refused here, by name."""
    settings = bench.job.settings
    recipe = recipe_of(settings["recipe"])
    return parts_of(bench.workspace, dict.fromkeys(cells_of(bench.workspace, settings, recipe), recipe))


def parts_of(workspace: Workspace, wanted: Mapping[Cell, Recipe]) -> Sequence[Json]:
    """Write the parts that train cells, each by its recipe; bars that fail their checks are refused, by name."""
    ready, refused = admit(workspace, list(wanted))
    parts: list[Json] = [_part(number, cell, wanted[cell]) | {"checked": True} for number, cell in enumerate(ready)]
    unfit = enumerate(refused, start=len(parts))
    return parts + [_part(number, cell, wanted[cell]) | failure(error) for number, (cell, error) in unfit]


def _part(number: int, cell: Cell, recipe: Recipe) -> Json:
    where = [cell.symbol, cell.timeframe, cell.horizon]
    return {"name": str(cell), "number": number, "cell": where, "recipe": recipe.to_json()}


def task(bench: Bench, part: Json) -> tuple[str, Json]:
    """Fit and seal a cell in the job's own folder; bars that were refused before are checked again.

    Raises
    ------
    DataError, NotFound
        They are refused still.
    """
    cell, recipe = Cell(*part["cell"]), Recipe.from_json(part["recipe"])
    for _, error in () if part.get("checked") else admit(bench.workspace, [cell])[1]:
        raise error
    versions = bench.workspace.store.versions
    arguments = task_arguments(bench.workspace, cell, bench.folder / str(part["number"]), recipe)
    parent = versions.champion(cell.symbol, cell.timeframe, cell.horizon) or ""
    return "fit", arguments | {"moment": bench.moment.isoformat(), "parent": parent}


def write(bench: Bench, part: Json, made: Json) -> Json:
    """Publish and register what was fitted; done again it finds the same version and changes nothing."""
    workspace, cell, recipe = bench.workspace, Cell(*part["cell"]), Recipe.from_json(part["recipe"])
    if (error := error_of(made)) is not None:
        if not _recorded(bench, cell):
            record(workspace, recipe, Outcome(cell, 0.0, error=error))
        return {key: made[key] for key in ("error", "dead") if key in made}
    manifest = VersionManifest.from_json(made["manifest"])
    _check_data(bench, manifest)
    staged = Path(made["staged"])
    if staged.is_dir():
        workspace.store.artifacts.publish(staged, manifest)
    workspace.store.artifacts.open(cell.symbol, cell.timeframe, cell.horizon, manifest.version)
    champion = workspace.store.versions.champion(cell.symbol, cell.timeframe, cell.horizon)
    tried = bool(bench.job.settings.get("shadow")) and champion not in (None, manifest.version)
    servable, by = manifest.verdict.word in SERVABLE, f"job {bench.job.id}"
    workspace.store.versions.register(manifest, promote=servable and not tried, by=by)
    if servable and tried:
        challenge(workspace, cell, manifest.version, by=by)
    outcome = Outcome(cell, made["seconds"], manifest=manifest, series=made["series"])
    if not _recorded(bench, cell):
        record(workspace, recipe, outcome)
    return _told(manifest, outcome, tried=servable and tried)


def _check_data(bench: Bench, manifest: VersionManifest) -> None:
    wanted = bench.job.settings.get("data_version", "latest")
    if wanted != "latest" and not manifest.data_version.startswith(wanted):
        raise UsageError(
            f"{manifest.cell} was to be trained on data {wanted}, the lake holds {manifest.data_version[:12]}",
            fix="augury data list",
        )


def _recorded(bench: Bench, cell: Cell) -> bool:
    """True when this job has left its row for a cell: rows of one job all begin at its moment."""
    rows = bench.workspace.store.training_runs.list(cell.symbol, cell.timeframe, limit=200)
    return any(row.run_date == bench.moment and row.horizon == cell.horizon for row in rows)


def _told(manifest: VersionManifest, outcome: Outcome, *, tried: bool) -> Json:
    scores = {score.name: score for score in manifest.scores if score.slice == "report"}
    accuracy = scores.get("accuracy")
    return {
        "text": f"{manifest.verdict.word} in {outcome.seconds:.1f} s{', tried in the shadow' if tried else ''}",
        "version": manifest.version,
        "artifact_hash": manifest.content_hash,
        "verdict": manifest.verdict.word,
        "seconds": outcome.seconds,
        "scores": [score.to_json() for score in scores.values()],
        "accuracy": accuracy.value if accuracy else None,
        "n": accuracy.n if accuracy else None,
    }


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Pool the accuracy of all cells, and ask for forecasts when the job says so."""
    scored = [said for said in results if said.get("accuracy") is not None and said.get("n")]
    rows = sum(said["n"] for said in scored)
    told: Json = {
        "accuracy": sum(said["accuracy"] * said["n"] for said in scored) / rows if rows else None,
        "n": rows,
        "versions": [said["version"] for said in results if "version" in said],
    }
    settings = bench.job.settings
    if settings.get("forecast"):
        wanted = {
            "symbols": settings["symbols"],
            "timeframes": settings["timeframes"],
            "horizons": settings["horizons"],
        }
        told["forecast_job"] = bench.follow("forecast", wanted).id
    return told


KIND = Kind(
    title="Train, judge and register cells",
    plan=plan,
    task=task,
    write=write,
    notes_failures=True,
    finish=finish,
    settings=SETTINGS,
    queue=HEAVY,
)
