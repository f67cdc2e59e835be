"""The demo: both indices and the synthetic market, from bars to a ledgered forecast and one report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from augury.core.recipe import Recipe
from augury.core.timeframe import Timeframe
from augury.core.version import VersionManifest
from augury.data.sources import SOURCES
from augury.labels.splits import time_ordered
from augury.proof.evaluation import reliability
from augury.proof.report import ReportCell, write_report
from augury.records.registry.loader import EnsembleLoader
from augury.runs.cells import Cell, plan_cells
from augury.runs.forecasts.bundle import Bundle
from augury.runs.forecasts.forecasting import forecast
from augury.runs.intake import bars_of, check
from augury.runs.jobs.train import label_cell
from augury.runs.proving.sealed import guard_of, unsealed
from augury.runs.proving.trials import deflated_scores
from augury.runs.recipes import RECIPES
from augury.runs.training import Outcome, train
from augury.runs.workspace import Workspace

SYMBOLS: Final = ("^GSPC", "^IXIC", "SYN001")
HORIZONS: Final = {"d1": ("5d", "15d", "30d"), "w1": ("30d", "90d", "180d")}
HISTORY_BARS: Final = 120


@dataclass(frozen=True)
class Shown:
    """A symbol and timeframe whose horizons are all trained, and what was forecast."""

    outcomes: tuple[Outcome, ...]
    bundle: Bundle


def demo_cells() -> list[Cell]:
    """The cells of the demo, in the order they are shown."""
    return [
        cell
        for symbol in SYMBOLS
        for timeframe, horizons in HORIZONS.items()
        for cell in plan_cells([symbol], [timeframe], horizons)
    ]


def load_markets(workspace: Workspace) -> None:
    """Put the bundled markets into the lake, checked; what is there already is replaced by the same bytes."""
    for name in ("arch", "synthetic"):
        source = SOURCES.load(name)
        bars = source.load([symbol for symbol in source.symbols() if symbol in SYMBOLS])
        check(bars).raise_if_invalid(f"source {name}")
        workspace.lake.write(bars)


def run_demo(workspace: Workspace, recipe: Recipe | None = None) -> Iterator[Shown]:
    """Train every cell; forecast a symbol and timeframe as soon as its last horizon is judged.

    Parameters
    ----------
    workspace : Workspace
    recipe : Recipe, optional
        Default: the ``demo`` recipe.
    """
    load_markets(workspace)
    cells = demo_cells()
    ended: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in train(workspace, cells, recipe or RECIPES["demo"]):
        key = (outcome.cell.symbol, outcome.cell.timeframe)
        group = ended.setdefault(key, [])
        group.append(outcome)
        if len(group) == len(HORIZONS[outcome.cell.timeframe]):
            served = [item.cell for item in group if item.exit_code == 0]
            bundle = forecast(workspace, served)[0] if served else Bundle(*key, forecasts=())
            yield Shown(tuple(sorted(group, key=lambda item: cells.index(item.cell))), bundle)


def write_demo_report(workspace: Workspace, path: Path, manifests: list[VersionManifest]) -> Path:
    """Write the one HTML report of the demo's forecasts.

    The forecasts in it are those of a whole symbol and timeframe at once, so that bands widen with
    the horizon.
    """
    cells = [report_cell(workspace, manifest) for manifest in manifests]
    facts = {"command": "augury demo", "recipe": manifests[0].recipe.name}
    return write_report(path, cells, title="Augury demo", facts=facts)


def report_cell(workspace: Workspace, manifest: VersionManifest) -> ReportCell:
    """Gather what the report shows of one cell, from the lake, the artifact and the ledger."""
    cell = Cell(manifest.symbol, manifest.timeframe, manifest.horizon)
    timeframe = Timeframe.parse(cell.timeframe)
    bars = bars_of(workspace.lake, cell.symbol, timeframe)
    visible = unsealed(bars, guard_of(workspace.store, cell.symbol, timeframe))
    loader = EnsembleLoader(workspace.store)
    ensemble = loader.load(cell.symbol, cell.timeframe, cell.horizon, version=manifest.version).ensemble
    valid = time_ordered(label_cell(visible, cell, manifest.recipe).known(), manifest.recipe.train_fraction).valid
    rows = workspace.store.ledger.list(cell.symbol, cell.timeframe, cell.horizon, limit=1)
    return ReportCell(
        manifest=manifest,
        forecast=rows[0].forecast if rows else None,
        history=bars.frame.select("ts", "close").tail(HISTORY_BARS),
        reliability=reliability(ensemble.predict(valid), valid),
        deflated=deflated_scores(workspace.store.trials, manifest),
    )
