"""The forecast run: champions look at the last closed bar, and what they say is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil

import polars as pl

from augury.core.clock import iso
from augury.core.errors import AuguryError, DataError, NotTrained
from augury.core.forecast import QUANTILES, Forecast
from augury.core.labelspec import LABELS
from augury.core.protocols import Executor
from augury.core.tables import VOLATILITY
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.models.conformal import widen_by_horizon
from augury.records.registry.loader import EnsembleLoader, LoadedEnsemble
from augury.runs.cells import Cell
from augury.runs.executors import EXECUTORS
from augury.runs.executors._protocol import error_of
from augury.runs.forecasts.bundle import Bundle
from augury.runs.forecasts.view import Seen, View, last_row, views_of
from augury.runs.workspace import Workspace

PARALLEL_MIN = 512
"""Cells below which starting processes, a few seconds each, costs more than it saves."""
SEEN_TOGETHER = 64
"""Symbols and timeframes whose bars are read and checked together, and are in memory at once."""
_TASKS = 8


def forecast(
    workspace: Workspace,
    cells: Sequence[Cell],
    *,
    allow_stale: bool = False,
    dry_run: bool = False,
    executor: Executor | None = None,
) -> list[Bundle]:
    """Forecast cells from their champions and append the rows to the ledger.

    Parameters
    ----------
    workspace : Workspace
    cells : sequence of Cell
    allow_stale : bool
        Use versions older than ``settings.max_age_days``.
    dry_run : bool
        Write nothing.
    executor : Executor, optional
        Default: a pool of ``settings.workers`` processes from 512 cells on, this process below that. The rows are
        the same bit for bit, and are written by this process in one transaction.

    Returns
    -------
    list of Bundle
        One per symbol and timeframe, in the order asked for.

    Raises
    ------
    DataError
        The ledger did not take every row that was made.
    """
    if executor is None and workspace.settings.workers > 1 and len(cells) >= PARALLEL_MIN:
        executor = EXECUTORS.load("pool")(workspace.settings.workers)
    if executor is None:
        bundles = forecast_groups(workspace, cells, allow_stale)
    else:
        bundles = _in_parallel(workspace, cells, allow_stale, executor)
    if dry_run:
        return bundles
    made = [row for bundle in bundles for row in bundle.forecasts]
    written = workspace.store.ledger.append(made, workspace.clock.now())
    if len(written) != len(made):
        raise DataError(f"the ledger took {len(written)} of {len(made)} forecasts (rule: rows written = rows made)")
    taken = iter(written)
    return [replace(bundle, rows=tuple(next(taken) for _ in bundle.forecasts)) for bundle in bundles]


def forecast_groups(workspace: Workspace, cells: Sequence[Cell], allow_stale: bool) -> list[Bundle]:
    """Forecast cells in this process, one bundle a symbol and timeframe; writes nothing."""
    symbols, timeframes = [cell.symbol for cell in cells], [cell.timeframe for cell in cells]
    loader = EnsembleLoader(workspace.store).knowing(symbols, timeframes)
    assert loader.roster is not None
    answered = {(symbol, timeframe) for symbol, timeframe, _ in loader.roster.champions}
    bundles: list[Bundle] = []
    groups = _groups(cells)
    for at in range(0, len(groups), SEEN_TOGETHER):
        part = groups[at : at + SEEN_TOGETHER]
        # Without anybody to ask no bars are looked for: the reason is then that nothing was trained.
        asked = [series for series in map(_series, part) if series in answered]
        views = dict(zip(asked, views_of(workspace, [(name, Timeframe.parse(of)) for name, of in asked]), strict=True))
        bundles += [_forecast_group(workspace, loader, group, views.get(_series(group)), allow_stale) for group in part]
    return bundles


def _series(cells: Sequence[Cell]) -> tuple[str, str]:
    return cells[0].symbol, cells[0].timeframe


def _groups(cells: Sequence[Cell]) -> list[list[Cell]]:
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in dict.fromkeys(cells):
        groups.setdefault((cell.symbol, cell.timeframe), []).append(cell)
    return list(groups.values())


def _in_parallel(workspace: Workspace, cells: Sequence[Cell], allow_stale: bool, executor: Executor) -> list[Bundle]:
    groups = _groups(cells)
    size = ceil(len(groups) / _TASKS)
    parts = [[cell for group in groups[at : at + size] for cell in group] for at in range(0, len(groups), size)]
    found: dict[int, list[Bundle]] = {}
    for index, result in executor.run([("forecast", _task(workspace, part, allow_stale)) for part in parts]):
        found[index] = _bundles(result, parts[index])
    return [bundle for index in range(len(parts)) for bundle in found[index]]


def _task(workspace: Workspace, cells: Sequence[Cell], allow_stale: bool) -> Json:
    """What :mod:`augury.runs.jobs.forecast` needs: where the data lie, what time it is, and which cells."""
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


def _bundles(result: Json, cells: Sequence[Cell]) -> list[Bundle]:
    """Read the bundles of a result; a task that failed as a whole drops every cell with its reason."""
    if (error := error_of(result)) is not None:
        return [Bundle(cell.symbol, cell.timeframe, (), errors=((cell, error),)) for cell in cells]
    return [Bundle.from_json(part) for part in result["bundles"]]


def _forecast_group(
    workspace: Workspace, loader: EnsembleLoader, cells: Sequence[Cell], view: Seen | None, allow_stale: bool
) -> Bundle:
    symbol, timeframe = _series(cells)
    champions: dict[Cell, LoadedEnsemble] = {}
    errors: list[tuple[Cell, AuguryError]] = []
    for cell in cells:
        try:
            champions[cell] = _champion(workspace, loader, cell, allow_stale)
        except AuguryError as error:
            errors.append((cell, error))
    if isinstance(view, AuguryError):
        errors += [(cell, view) for cell in champions]
    if not champions or not isinstance(view, View):
        return Bundle(symbol, timeframe, (), errors=tuple(errors))
    bundle = forecast_from(view, champions)
    return replace(bundle, errors=(*errors, *bundle.errors))


def forecast_from(view: View, champions: Mapping[Cell, LoadedEnsemble]) -> Bundle:
    """Forecast cells of one symbol and timeframe from what is known at one moment; writes nothing.

    Parameters
    ----------
    view : View
    champions : mapping
        Cell to the version that answers for it, at least one.
    """
    made: list[Forecast] = []
    errors: list[tuple[Cell, AuguryError]] = []
    for cell in sorted(champions, key=lambda cell: view.bars_ahead(cell.horizon)):
        try:
            made.append(_forecast_cell(view, cell, champions[cell]))
        except AuguryError as error:
            errors.append((cell, error))
    widened = widen_by_horizon([row.quantiles for row in made])
    forecasts = tuple(replace(row, quantiles=quantiles) for row, quantiles in zip(made, widened, strict=True))
    symbol, timeframe = next((cell.symbol, cell.timeframe) for cell in champions)
    return Bundle(symbol, timeframe, forecasts, errors=tuple(errors))


def _champion(workspace: Workspace, loader: EnsembleLoader, cell: Cell, allow_stale: bool) -> LoadedEnsemble:
    limit = workspace.settings.max_age_days
    loaded = loader.load_latest_model(
        cell.symbol, cell.timeframe, cell.horizon, allow_stale=allow_stale, max_age_days=limit
    )
    if loaded is None:
        raise NotTrained(
            f"ensemble not trained for {cell}",
            fix=cell.train_command,
            symbol=cell.symbol,
            timeframe=cell.timeframe,
            horizon=cell.horizon,
        )
    return loaded


def _forecast_cell(view: View, cell: Cell, loaded: LoadedEnsemble) -> Forecast:
    manifest, row = loaded.manifest, last_row(view, loaded)
    prediction, dropped = loaded.ensemble.predict_with_status(row)
    matures_at = view.matures_at(manifest.label_spec.horizon_bars)
    # Bundled history ends in the past: such a row is a replay, dated where its data end and marked so.
    replay = matures_at <= view.now
    made_at = view.data_until if replay else view.now
    said = {name: float(prediction.quantiles[name][0]) for name in QUANTILES}
    quantiles = view.correction(manifest, made_at).ladder(said)
    p_bearish, p_neutral, p_bullish = (float(value) for value in prediction.proba[0])
    (used,) = loaded.ensemble.weights_at(row.column(VOLATILITY))  # those of its regime, where it has regimes
    abstains = manifest.verdict.word != "skill" or loaded.silenced
    label = "NEUTRAL" if abstains else LABELS[int(prediction.codes[0]) + 1]
    flags = {
        "abstain": abstains,
        "adapted": quantiles != said,
        "band_only": not manifest.weights,
        "degraded": loaded.degraded or manifest.degraded or bool(dropped),
        "raw": loaded.ensemble.raw,
        "replay": replay,
        "stale": view.stale and not replay,
        "synthetic": manifest.synthetic,
    }
    return Forecast(
        symbol=cell.symbol,
        timeframe=cell.timeframe,
        horizon=cell.horizon,
        made_at=made_at,
        data_until=view.data_until,
        matures_at=matures_at,
        version=manifest.version,
        artifact_hash=manifest.content_hash,
        label_spec_hash=manifest.label_spec.hash,
        data_hash=view.bars.data_version,
        feature_hash=manifest.features.hash,
        label=label,
        p_bearish=p_bearish,
        p_neutral=p_neutral,
        p_bullish=p_bullish,
        confidence=max(p_bearish, p_neutral, p_bullish),
        agreement=None if prediction.agreement is None else float(prediction.agreement[0]),
        current_price=_last_close(view.bars.frame),
        expected_return=float(prediction.expected_return[0]),
        quantiles=quantiles,
        verdict=manifest.verdict.word,
        weights={name: float(weight) for name, weight in used.items() if name not in dropped},
        flags=tuple(sorted(flag for flag, on in flags.items() if on)),
    )


def _last_close(frame: pl.DataFrame) -> float:
    return float(frame["close"][-1])
