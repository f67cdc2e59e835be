"""Run a study until enough trials have ended; a study that is cut off goes on where it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from augury.core.errors import NotFound, UsageError
from augury.core.typing import Json
from augury.runs.durable.kind import HEAVY, Bench, Kind
from augury.runs.tuning import FAMILIES
from augury.runs.tuning.family import StudySpec
from augury.runs.tuning.running import run as sweep
from augury.runs.tuning.running import studies_folder
from augury.runs.tuning.study import Study

SETTINGS: Json = {
    "study": "",
    "family": "",
    "data": {},
    "trials": 20,
    "objective": "",
    "epochs": 10,
    "folds": 3,
    "seed": 42,
}


def plan(bench: Bench) -> Sequence[Json]:
    """One part: the study counts its own trials.

    Raises
    ------
    UsageError
        The study has no name.
    """
    settings = bench.job.settings
    if not settings["study"]:
        raise UsageError("a study needs a name", fix="augury jobs kinds")
    return [{"name": settings["study"]}]


def make(bench: Bench, part: Json) -> Json:
    """Begin the study, or go on with the one of that name."""
    settings, workspace = bench.job.settings, bench.workspace
    folder = studies_folder(workspace)
    try:
        study = Study.open(folder / settings["study"])
    except NotFound:
        study = Study.create(folder, _spec(settings))

    def ended(result: Json) -> None:
        bench.say(f"trial {result['number']} {result['state']}")
        bench.check()

    best = sweep(study, workspace, settings["trials"], on_trial=ended)
    return {"text": f"best trial {best.number}: {best.value}", "best": asdict(best) | {"metrics": None}}


def _spec(settings: Json) -> StudySpec:
    chosen = FAMILIES.load(settings["family"])
    same = {name: settings[name] for name in ("epochs", "folds", "seed")}
    objective = settings["objective"] or chosen.objective
    return StudySpec(settings["study"], settings["family"], settings["data"], objective=objective, **same)


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Say the best settings."""
    return {"best": results[0]["best"]}


KIND = Kind(
    title="Search settings of a family",
    plan=plan,
    make=make,
    finish=finish,
    settings=SETTINGS,
    queue=HEAVY,
    time_limit_s=6 * 3600.0,
)
