"""Forecast some cells in a process of its own; writes nothing, the parent appends what comes back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from augury.core.clock import FixedClock
from augury.core.settings import Settings
from augury.core.typing import Json
from augury.runs.cells import Cell
from augury.runs.forecasts.forecasting import forecast_groups
from augury.runs.workspace import Workspace


def forecast_cells(task: Json) -> Json:
    """Forecast the cells of a task.

    Parameters
    ----------
    task : dict
        ``settings`` of the workspace, ``now``, ``cells`` and ``allow_stale``.

    Returns
    -------
    dict
        ``bundles``: symbol, timeframe, forecasts and errors of each.
    """
    settings = Settings.load(task["settings"], environ={}, start=Path(task["settings"]["data_dir"]))
    clock = FixedClock(datetime.fromisoformat(task["now"]))
    with Workspace.open(settings, clock=clock) as workspace:
        bundles = forecast_groups(workspace, [Cell(*cell) for cell in task["cells"]], task["allow_stale"])
    return {"bundles": [bundle.to_json() for bundle in bundles]}


JOB = forecast_cells
