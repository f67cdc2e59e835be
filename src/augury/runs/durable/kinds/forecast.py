"""Forecast cells from their champions; every row is written to the ledger once."""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.errors import DataError, NotTrained
from augury.core.timeframe import Horizon, Timeframe
from augury.core.typing import Json
from augury.models.consensus.handoff import CASCADE
from augury.runs.cells import Cell
from augury.runs.durable.kind import Bench, Kind
from augury.runs.executors._protocol import failure
from augury.runs.forecasts.bundle import plain_forecast, read_forecast
from augury.runs.forecasts.consensus import agree_and_write
from augury.runs.forecasts.forecasting import forecast
from augury.runs.registry.challenge import challenged, shadow

SETTINGS: Json = {"symbols": [], "timeframes": [], "horizons": [], "allow_stale": False}


def plan(bench: Bench) -> Sequence[Json]:
    """One part a symbol and timeframe that has champions and was asked for; last, what they say together, and
    what challengers say beside them, in the shadow.

    Raises
    ------
    NotTrained
        There is none.
    """
    settings = bench.job.settings
    frames = {str(Timeframe.parse(text)) for text in settings["timeframes"]}
    spans = {str(Horizon.parse(text)) for text in settings["horizons"]}
    groups: dict[tuple[str, str], list[str]] = {}
    for symbol, timeframe, horizon in bench.workspace.store.versions.champion_cells():
        asked = not settings["symbols"] or symbol in settings["symbols"]
        if asked and (not frames or timeframe in frames) and (not spans or horizon in spans):
            groups.setdefault((symbol, timeframe), []).append(horizon)
    if not groups:
        raise NotTrained("no champion fits what was asked for", fix="augury models list")
    parts: list[Json] = [
        {"name": f"{symbol} {timeframe}", "symbol": symbol, "timeframe": timeframe, "horizons": horizons}
        for (symbol, timeframe), horizons in sorted(groups.items())
    ]
    cascade = {str(frame) for frame in CASCADE}
    together = sorted({symbol for symbol, timeframe in groups if timeframe in cascade})
    parts += [{"name": "consensus", "together": together}] if together else []
    beside = [str(cell) for cell in challenged(bench.workspace) if (cell.symbol, cell.timeframe) in groups]
    return [*parts, {"name": "challengers", "beside": beside}] if beside else parts


def make(bench: Bench, part: Json) -> Json:
    """Make the forecasts of one symbol and timeframe as of the job's moment; nothing is written."""
    if "together" in part or "beside" in part:
        return {}
    cells = [Cell(part["symbol"], part["timeframe"], horizon) for horizon in part["horizons"]]
    (bundle,) = forecast(bench.workspace, cells, allow_stale=bench.job.settings["allow_stale"], dry_run=True)
    if not bundle.forecasts and bundle.errors:
        raise bundle.errors[0][1]
    return {
        "forecasts": [plain_forecast(row) for row in bundle.forecasts],
        "refused": [{"cell": str(cell), **failure(error)} for cell, error in bundle.errors],
    }


def write(bench: Bench, part: Json, made: Json) -> Json:
    """Append what was made; rows that an earlier attempt has written are found, not doubled.

    Raises
    ------
    DataError
        The ledger did not take every row.
    """
    if "together" in part:
        return {"text": f"{len(agree_and_write(bench.workspace, part['together']))} rows of consensus"}
    if "beside" in part:
        bundles = shadow(bench.workspace, [Cell(*text.split(" ")) for text in part["beside"]])
        return {"text": f"{sum(len(bundle.forecasts) for bundle in bundles)} rows in the shadow"}
    said = [read_forecast(row) for row in made["forecasts"]]
    rows = bench.workspace.store.ledger.append(said, bench.moment)
    if len(rows) != len(said):
        raise DataError(f"the ledger took {len(rows)} of {len(said)} forecasts (rule: rows written = rows made)")
    return {"text": f"{len(rows)} rows", "rows": len(rows), "refused": made["refused"]}


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Count the rows."""
    return {"rows": sum(said.get("rows", 0) for said in results)}


KIND = Kind(
    title="Forecast from the champions and append to the ledger",
    plan=plan,
    make=make,
    write=write,
    finish=finish,
    settings=SETTINGS,
    time_limit_s=1800.0,
)
