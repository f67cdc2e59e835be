"""Forecast symbols again whose newest forecast no longer fits the market: it moved, turned, or a long time passed."""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.typing import Json
from augury.runs.durable.kind import Bench, Kind
from augury.runs.forecasts.all_cells import champion_cells, forecast_all
from augury.runs.forecasts.triggers import Trigger, due, remember


def plan(bench: Bench) -> Sequence[Json]:
    """One part a symbol that has a reason; none is no fault, everything fits then, or forecasts are paused."""
    if bench.workspace.store.controls.is_paused("forecast"):
        bench.say("forecasts are paused")
        return []
    found = due(bench.workspace, bench.job.settings["symbols"])
    return [{"name": trigger.text, "trigger": trigger.to_json()} for trigger in found]


def make(bench: Bench, part: Json) -> Json:
    """Nothing beforehand: rows and reason are written one after the other."""
    return {}


def write(bench: Bench, part: Json, made: Json) -> Json:
    """Forecast, then remember the reason; done again after a kill, neither is written twice."""
    trigger = Trigger.from_json(part["trigger"])
    run = forecast_all(bench.workspace, champion_cells(bench.workspace, [trigger.symbol]))
    remember(bench.workspace, trigger)
    told = f"{len(run.made)} rows" + (f", {len(run.dropped)} dropped" if run.dropped else "")
    return {"text": told, "rows": len(run.made), "dropped": [str(cell) for cell, _ in run.dropped]}


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Count the symbols and their rows."""
    return {"symbols": len(results), "rows": sum(said.get("rows", 0) for said in results)}


KIND = Kind(
    title="Forecast again what no longer fits its market",
    plan=plan,
    make=make,
    write=write,
    finish=finish,
    settings={"symbols": []},
    time_limit_s=1800.0,
)
