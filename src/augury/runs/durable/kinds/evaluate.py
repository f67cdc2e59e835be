"""Score every forecast whose moment has come; one that is scored already is left alone."""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.typing import Json
from augury.runs.durable.kind import Bench, Kind
from augury.runs.forecasts.evaluation import mature


def plan(bench: Bench) -> Sequence[Json]:
    """One part: everything that is due at the job's moment."""
    return [{"name": "due"}]


def make(bench: Bench, part: Json) -> Json:
    """Score and write; the store takes each outcome once, whoever comes again."""
    found = mature(bench.workspace, grace_minutes=bench.job.settings["grace_minutes"])
    scored, waiting = len(found.outcomes), len(found.pending)
    return {"text": f"{scored} outcomes, {waiting} still wait for their bar", "outcomes": scored, "pending": waiting}


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Count what was scored in this attempt and what waits."""
    return {name: results[0][name] for name in ("outcomes", "pending")}


KIND = Kind(
    title="Score the forecasts whose moment has come",
    plan=plan,
    make=make,
    finish=finish,
    settings={"grace_minutes": 0},
    time_limit_s=1800.0,
)
