"""The composition root of the Python API: the calls a notebook makes, wired to the default store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from augury.core.forecast import Forecast
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.runs.cells import plan_cells
from augury.runs.forecasts.forecasting import forecast as _forecast
from augury.runs.recipes import load_recipe
from augury.runs.training import Outcome
from augury.runs.training import train as _train
from augury.runs.workspace import Workspace


def open_workspace(data_dir: str | Path | None = None, database_url: str | None = None) -> Workspace:
    """Open the lake and the store.

    Parameters
    ----------
    data_dir : path, optional
        Default: ``AUGURY_DATA_DIR``, the config file, or the user's data folder.
    database_url : str, optional
        Default: SQLite inside ``data_dir``.
    """
    return Workspace.open(Settings.load({"data_dir": data_dir, "database_url": database_url}))


def train_ensemble_for_symbol_timeframe(
    symbol: str,
    timeframe: str,
    *,
    horizons: Sequence[str] = (),
    recipe: Recipe | str | None = None,
    data_dir: str | Path | None = None,
) -> list[Outcome]:
    """Train, judge and register every horizon of one symbol and timeframe.

    Parameters
    ----------
    symbol, timeframe : str
    horizons : sequence of str
        Default: the recipe's, else the timeframe's own list.
    recipe : Recipe or str, optional
        A recipe, its name, or a YAML file.
    data_dir : path, optional

    Returns
    -------
    list of Outcome
        One per horizon, in order: a version with its verdict, or the named error.
    """
    with open_workspace(data_dir) as workspace:
        chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe or workspace.settings.recipe)
        cells = plan_cells([symbol], [timeframe], horizons or chosen.horizons)
        return sorted(_train(workspace, cells, chosen), key=lambda outcome: cells.index(outcome.cell))


def train_all_timeframes_all_symbols(
    *, recipe: Recipe | str | None = None, data_dir: str | Path | None = None
) -> list[Outcome]:
    """Train every symbol and timeframe the lake holds; one failing cell leaves the others alone."""
    with open_workspace(data_dir) as workspace:
        chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe or workspace.settings.recipe)
        cells = [
            cell
            for entry in workspace.lake.entries()
            for cell in plan_cells([entry.symbol], [str(entry.timeframe)], chosen.horizons)
        ]
        return sorted(_train(workspace, cells, chosen), key=lambda outcome: cells.index(outcome.cell))


def forecast(
    symbols: Sequence[str],
    timeframes: Sequence[str] = ("d1",),
    *,
    horizons: Sequence[str] = (),
    data_dir: str | Path | None = None,
    dry_run: bool = False,
) -> list[Forecast]:
    """Forecast from the champions and append the rows to the ledger; the same rows as the command line.

    Raises
    ------
    NotTrained
        A cell has no version; the message names the training command.
    """
    with open_workspace(data_dir) as workspace:
        bundles = _forecast(workspace, plan_cells(symbols, timeframes, horizons), dry_run=dry_run)
    for bundle in bundles:
        for _, error in bundle.errors:
            raise error
    return [row for bundle in bundles for row in bundle.forecasts]
