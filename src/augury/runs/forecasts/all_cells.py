"""The forecast job: every champion of every symbol, timeframe and horizon in one pass, then what they say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from augury.core.errors import AuguryError, DataError
from augury.core.forecast import Forecast
from augury.core.timeframe import Horizon, Timeframe
from augury.models.consensus.handoff import CASCADE
from augury.records.ledger.consensus import ConsensusRow
from augury.runs.cells import Cell, plan_cells
from augury.runs.forecasts.bundle import Bundle
from augury.runs.forecasts.consensus import agree_and_write
from augury.runs.forecasts.forecasting import forecast
from augury.runs.workspace import Workspace


@dataclass(frozen=True)
class ForecastRun:
    """What one pass did: every cell that was asked for is either among the rows or among the dropped.

    Parameters
    ----------
    bundles : tuple of Bundle
        One a symbol and timeframe.
    consensus : tuple of ConsensusRow
        One a symbol and duration; empty on a dry run.
    """

    bundles: tuple[Bundle, ...]
    consensus: tuple[ConsensusRow, ...] = ()

    @property
    def made(self) -> tuple[Forecast, ...]:
        """Every forecast, in the order of its bundle."""
        return tuple(row for bundle in self.bundles for row in bundle.forecasts)

    @property
    def dropped(self) -> tuple[tuple[Cell, AuguryError], ...]:
        """Every cell without a forecast, and why."""
        return tuple(pair for bundle in self.bundles for pair in bundle.errors)

    @property
    def new(self) -> int:
        """How many forecasts were not in the ledger before."""
        return sum(row.new for bundle in self.bundles for row in bundle.rows)


def champion_cells(
    workspace: Workspace, symbols: Sequence[str] = (), timeframes: Sequence[str] = (), horizons: Sequence[str] = ()
) -> list[Cell]:
    """List the cells that have a champion and fit a request.

    Parameters
    ----------
    workspace : Workspace
    symbols, timeframes, horizons : sequence of str
        Empty means all. A symbol that is named and has no champion at all stays in with the horizons it ought to
        have, so that the run can say why it gives nothing.
    """
    frames = [str(Timeframe.parse(text)) for text in timeframes]
    spans = [str(Horizon.parse(text)) for text in horizons]
    found = [
        Cell(*key)
        for key in workspace.store.versions.champion_cells()
        if (not symbols or key[0] in symbols) and (not frames or key[1] in frames) and (not spans or key[2] in spans)
    ]
    untrained = [symbol for symbol in symbols if symbol not in {cell.symbol for cell in found}]
    return found + plan_cells(untrained, frames or ["d1"], spans)


def forecast_all(
    workspace: Workspace, cells: Sequence[Cell], *, allow_stale: bool = False, dry_run: bool = False
) -> ForecastRun:
    """Forecast cells, write the rows, then form and write the consensus of their symbols.

    Parameters
    ----------
    workspace : Workspace
    cells : sequence of Cell
        12 symbols in 5 timeframes have 264.
    allow_stale : bool
        Use versions older than ``settings.max_age_days``.
    dry_run : bool
        Write nothing; there is then no consensus either.

    Raises
    ------
    DataError
        A cell is neither forecast nor dropped with a reason, or the ledger did not take every row.
    """
    run = ForecastRun(tuple(forecast(workspace, cells, allow_stale=allow_stale, dry_run=dry_run)))
    if len(run.made) + len(run.dropped) != len(set(cells)):
        raise DataError(
            f"{len(set(cells))} cells were asked for, {len(run.made)} were forecast and {len(run.dropped)} dropped"
            " (rule: rows written = rows made, and what is dropped is named)"
        )
    if dry_run:
        return run
    frames = {str(frame) for frame in CASCADE}
    symbols = dict.fromkeys(row.symbol for row in run.made if row.timeframe in frames)
    return ForecastRun(run.bundles, tuple(agree_and_write(workspace, list(symbols))))
