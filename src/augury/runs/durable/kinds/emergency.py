"""Take cells in an emergency further: withdraw, retrain, prove, try, promote or reject."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from augury.core.typing import Json
from augury.runs.durable.kind import HEAVY, Bench, Kind
from augury.runs.registry.emergency import respond


def plan(bench: Bench) -> Sequence[Json]:
    """One part: every cell; the journal knows how far each is."""
    return [{"name": "emergency", "day": bench.job.settings["day"]}]


def make(bench: Bench, part: Json) -> Json:
    """Nothing beforehand: each step is looked up in the journal and noted there."""
    return {}


def write(bench: Bench, part: Json, made: Json) -> Json:
    """Go on from the last noted step of each case; done again after a kill, what was noted is not repeated."""
    day = date.fromisoformat(part["day"]) if part["day"] else None
    rows = bench.workspace.store.drift.list(since=day, until=day) if day else ()
    steps = [f"{entry.subject} {entry.data['step']}: {entry.text}" for entry in respond(bench.workspace, rows)]
    return {"text": "; ".join(steps) or "nothing to do", "steps": steps}


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Name the steps."""
    return {"steps": [step for told in results for step in told.get("steps", [])]}


KIND = Kind(
    title="Withdraw, retrain, prove and promote cells in an emergency",
    plan=plan,
    make=make,
    write=write,
    finish=finish,
    settings={"day": ""},
    queue=HEAVY,
)
