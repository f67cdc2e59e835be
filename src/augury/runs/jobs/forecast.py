"""Forecast some cells in a process of its own; writes nothing, the parent appends what comes back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from augury.core.clock import FixedClock, iso
from augury.core.errors import AuguryError
from augury.core.forecast import Forecast
from augury.core.hashing import canonical_json
from augury.core.settings import Settings
from augury.core.typing import Json
from augury.runs.cells import Cell
from augury.runs.executors._protocol import error_of, failure
from augury.runs.forecasts.forecasting import Bundle, forecast_groups
from augury.runs.workspace import Workspace

_MOMENTS: Final = ("made_at", "data_until", "matures_at")


def arguments(workspace: Workspace, cells: Sequence[Cell], allow_stale: bool) -> Json:
    """Write what the job needs: where the data lie, what time it is, and which cells."""
    settings = workspace.settings
    return {
        "settings": {
            "data_dir": str(settings.data_dir),
            "database_url": settings.database_url,
            "lake": str(workspace.lake.root),
            "max_age_days": settings.max_age_days,
            "workers": 1,
        },
        "now": iso(workspace.clock.now()),
        "cells": [[cell.symbol, cell.timeframe, cell.horizon] for cell in cells],
        "allow_stale": allow_stale,
    }


def read(result: Json, cells: Sequence[Cell]) -> list[Bundle]:
    """Read the bundles of a result; a task that failed as a whole drops every cell with its reason."""
    if (error := error_of(result)) is not None:
        return [Bundle(cell.symbol, cell.timeframe, (), errors=((cell, error),)) for cell in cells]
    return [_bundle(part) for part in result["bundles"]]


def _bundle(part: Json) -> Bundle:
    rows = [row | {name: datetime.fromisoformat(row[name]) for name in _MOMENTS} for row in part["forecasts"]]
    errors = tuple((Cell(*cell), _error(said)) for cell, said in part["errors"])
    return Bundle(part["symbol"], part["timeframe"], tuple(Forecast.from_json(row) for row in rows), errors=errors)


def _error(said: Json) -> AuguryError:
    found = error_of(said)
    assert found is not None
    return found


def forecast_cells(task: Json) -> Json:
    """Forecast the cells of :func:`arguments`.

    Returns
    -------
    dict
        ``bundles``: symbol, timeframe, forecasts and errors of each.
    """
    settings = Settings.load(task["settings"], environ={}, start=Path(task["settings"]["data_dir"]))
    clock = FixedClock(datetime.fromisoformat(task["now"]))
    with Workspace.open(settings, clock=clock) as workspace:
        bundles = forecast_groups(workspace, [Cell(*cell) for cell in task["cells"]], task["allow_stale"])
    return {"bundles": [_written(bundle) for bundle in bundles]}


def _written(bundle: Bundle) -> Json:
    rows = [json.loads(canonical_json(row.to_json())) for row in bundle.forecasts]
    errors = [[[cell.symbol, cell.timeframe, cell.horizon], failure(error)] for cell, error in bundle.errors]
    return {"symbol": bundle.symbol, "timeframe": bundle.timeframe, "forecasts": rows, "errors": errors}


JOB = forecast_cells
