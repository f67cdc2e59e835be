"""Train and forecast one cell again in an empty folder, and say the hash of everything that came out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.hashing import sha256_frame
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.data.calendar import market_calendar
from augury.features.engine import build
from augury.records.registry.loader import EnsembleLoader, LoadedEnsemble
from augury.runs.cells import Cell
from augury.runs.executors.inline import Inline
from augury.runs.forecasts import forecasting
from augury.runs.forecasts.view import View
from augury.runs.training import train
from augury.runs.workspace import Workspace


def close_of_last(bars: Bars) -> datetime:
    """Return the close of the last bar: the moment a version is asked about it."""
    return bars.timeframe.closes_at(bars.frame["ts"][-1], market_calendar(bars.calendar))


def hashes(workspace: Workspace, bars: Bars, loaded: LoadedEnsemble) -> dict[str, str]:
    """Hash what a version consists of and what it says at the close of the last bar.

    Parameters
    ----------
    workspace : Workspace
        Its lake holds the bars; nothing is written.
    bars : Bars
        Those the version was trained on.
    loaded : LoadedEnsemble

    Returns
    -------
    dict
        ``bars``, ``features``, ``files/<path>`` for every file of the version, ``manifest`` and
        ``forecast``, each to 64 hex, in this order.
    """
    manifest = loaded.manifest
    cell = Cell(manifest.symbol, manifest.timeframe, manifest.horizon)
    then = replace(workspace, clock=FixedClock(close_of_last(bars)))
    # What came of earlier forecasts is no part of a version: its bands are taken as it says them.
    view = replace(View.of(then, cell.symbol, bars.timeframe), matured=None)
    bundle = forecasting.forecast_from(view, {cell: loaded})
    for _, error in bundle.errors:
        raise error
    return {
        "bars": bars.data_version,
        "features": sha256_frame(build(bars, manifest.features).frame),
        **{f"files/{name}": digest for name, digest in sorted(manifest.files.items())},
        "manifest": manifest.content_hash,
        "forecast": bundle.forecasts[0].content_hash,
    }


def run(arguments: Json) -> Json:
    """Train one cell in a data folder that holds nothing but its bars.

    Parameters
    ----------
    arguments : dict
        ``data_dir`` (a folder whose lake holds the bars), ``symbol``, ``timeframe``, ``horizon``,
        ``recipe``.

    Returns
    -------
    dict
        ``hashes`` as of :func:`hashes`, ``libraries`` that were used.
    """
    cell = Cell(arguments["symbol"], arguments["timeframe"], arguments["horizon"])
    folder = Path(arguments["data_dir"])
    settings = Settings.load({"data_dir": folder}, environ={}, start=folder)
    with Workspace.open(settings) as workspace:
        bars = workspace.lake.read([cell.symbol], Timeframe.parse(cell.timeframe))
        then = replace(workspace, clock=FixedClock(close_of_last(bars)))
        (outcome,) = train(then, [cell], Recipe.from_json(arguments["recipe"]), executor=Inline())
        if outcome.error is not None:
            raise outcome.error
        assert outcome.manifest is not None
        loader = EnsembleLoader(workspace.store)
        loaded = loader.load(cell.symbol, cell.timeframe, cell.horizon, outcome.manifest.version)
        return {"hashes": hashes(then, bars, loaded), "libraries": outcome.manifest.libraries}


JOB = run
