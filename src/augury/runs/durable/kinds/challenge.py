"""Hold every challenger against its champion, and promote, reject or wait; looking daily is allowed for."""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.typing import Json
from augury.runs.cells import Cell
from augury.runs.durable.kind import Bench, Kind
from augury.runs.registry.challenge import challenged, decide, groups_of, judge


def plan(bench: Bench) -> Sequence[Json]:
    """One part a timeframe and horizon that has challengers; none where nobody challenges."""
    groups = groups_of(challenged(bench.workspace))
    return [{"name": " ".join(_kind(cells[0])), "cells": [_named(cell) for cell in cells]} for cells in groups]


def make(bench: Bench, part: Json) -> Json:
    """Judge; nothing is moved."""
    judgement = judge(bench.workspace, [Cell(*named) for named in part["cells"]])
    return {"state": judgement.state, "text": judgement.text}


def write(bench: Bench, part: Json, made: Json) -> Json:
    """Act on the judgement; a challenger that was dealt with already is left alone."""
    cells = [cell for cell in (Cell(*named) for named in part["cells"]) if cell in challenged(bench.workspace)]
    if cells:
        decide(bench.workspace, judge(bench.workspace, cells), by=f"job {bench.job.id}")
    return made


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Count the judgements by state."""
    states = [said.get("state", "failed") for said in results]
    return {state: states.count(state) for state in sorted(set(states))}


def _named(cell: Cell) -> list[str]:
    return [cell.symbol, cell.timeframe, cell.horizon]


def _kind(cell: Cell) -> tuple[str, str]:
    return cell.timeframe, cell.horizon


KIND = Kind(
    title="Hold challengers against their champions",
    plan=plan,
    make=make,
    write=write,
    finish=finish,
    time_limit_s=1800.0,
)
