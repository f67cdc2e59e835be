"""The time machine: what was said on a day or about it, by which version from which data, rebuilt and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import or_

from augury.core.clock import FixedClock
from augury.core.errors import AuguryError
from augury.core.forecast import Forecast
from augury.core.outcome import Outcome
from augury.core.timeframe import Timeframe
from augury.records.database import reading
from augury.records.ledger.chain import LedgerRow, plain, read_row
from augury.records.ledger.ledger import ledger_rows
from augury.records.registry.loader import EnsembleLoader
from augury.records.tables import forecasts
from augury.runs.cells import Cell
from augury.runs.forecasts.forecasting import forecast_from
from augury.runs.forecasts.view import View
from augury.runs.workspace import Workspace

ROWS_MAX = 10_000


@dataclass(frozen=True)
class Remembered:
    """One row of the ledger and what a rebuild of it gives today.

    Parameters
    ----------
    row : LedgerRow
    outcome : Outcome or None
        What came, when it has been scored.
    rebuilt : str or None
        Content hash of the same version asked again at the same moment; None when that was not possible.
    reason : str
        Why the rebuild differs or was not possible: bars revised since, files gone. Empty when equal.
    """

    row: LedgerRow
    outcome: Outcome | None
    rebuilt: str | None
    reason: str

    @property
    def equal(self) -> bool:
        """True when the rebuild says the very same."""
        return self.rebuilt == self.row.forecast.content_hash


def as_of(
    workspace: Workspace, symbol: str, day: date, *, timeframe: str | None = None, rebuild: bool = True
) -> list[Remembered]:
    """Tell what was forecast for a symbol on a day (said then, or from data up to then) or for it (maturing then).

    Parameters
    ----------
    workspace : Workspace
        Nothing is written to it.
    symbol : str
    day : date
        In UTC.
    timeframe : str, optional
        Only this one.
    rebuild : bool
        Ask each version again at its own moment, on the bars up to then, and compare the hashes.

    Returns
    -------
    list of Remembered
        In the order they were written; empty when nothing was said.
    """
    frame = str(Timeframe.parse(timeframe)) if timeframe else None
    rows = _rows(workspace, symbol, day, frame)
    outcomes = {one.forecast_id: one for one in workspace.store.evaluations.list(symbol, frame)} if rows else {}
    found = rebuild_rows(workspace, rows) if rebuild else [(None, "not rebuilt") for _ in rows]
    return [
        Remembered(row, outcomes.get(row.id), digest, reason) for row, (digest, reason) in zip(rows, found, strict=True)
    ]


def _rows(workspace: Workspace, symbol: str, day: date, timeframe: str | None) -> list[LedgerRow]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    table = forecasts.c
    within = or_(
        *((moment >= start) & (moment < end) for moment in (table.made_at, table.data_until, table.matures_at))
    )
    wanted = ledger_rows(symbol, timeframe).where(within).order_by(table.id).limit(ROWS_MAX)
    with reading(workspace.store.engine) as connection:
        return [read_row(row) for row in connection.execute(wanted)]


def rebuild_rows(workspace: Workspace, rows: Sequence[LedgerRow]) -> list[tuple[str | None, str]]:
    """Ask the versions of some rows again, each at its own moment; content hash and reason of each row.

    Bands are widened over the horizons of one run, so a row is rebuilt together with the shorter ones that were
    written with it.
    """
    found: dict[int, tuple[str | None, str]] = {}
    runs: dict[tuple[str, str, datetime, datetime], list[LedgerRow]] = {}
    for row in rows:
        said = row.forecast
        runs.setdefault((said.symbol, said.timeframe, said.made_at, row.recorded_at), []).append(row)
    for run, some in runs.items():
        for row in some:
            found[row.id] = (None, "nothing was rebuilt")
        for beside in _written_with(workspace, *run):
            left = [row for row in some if found[row.id][1]]
            found |= _ask_again(workspace, left, beside) if left else {}
    return [found[row.id] for row in rows]


def _ask_again(
    workspace: Workspace, rows: Sequence[LedgerRow], beside: Sequence[Forecast]
) -> dict[int, tuple[str | None, str]]:
    try:
        again = _again(workspace, beside)
    except AuguryError as error:
        return {row.id: (None, error.message) for row in rows}
    return {row.id: _compared(row.forecast, again.get(_cell(row.forecast))) for row in rows}


def _written_with(
    workspace: Workspace, symbol: str, timeframe: str, made_at: datetime, recorded_at: datetime
) -> list[list[Forecast]]:
    """What one run said together: the rows it wrote, then with those that it found already written."""
    table = forecasts.c
    wanted = ledger_rows(symbol, timeframe).where(table.made_at == made_at, table.recorded_at <= recorded_at)
    with reading(workspace.store.engine) as connection:
        rows = [read_row(row) for row in connection.execute(wanted.order_by(table.id))]
    fresh = {_cell(row.forecast): row.forecast for row in rows if row.recorded_at == recorded_at}
    known = {_cell(row.forecast): row.forecast for row in rows}
    return [list(fresh.values()), list(known.values())]


def _again(workspace: Workspace, said: Sequence[Forecast]) -> dict[Cell, Forecast]:
    """Forecast the cells of one run again from the versions that it used, with the clock set back."""
    loader = EnsembleLoader(workspace.store)
    champions = {_cell(one): loader.load(one.symbol, one.timeframe, one.horizon, one.version) for one in said}
    first = said[0]
    then = replace(workspace, clock=FixedClock(first.made_at))
    view = View.of(then, first.symbol, Timeframe.parse(first.timeframe))
    return {_cell(one): one for one in forecast_from(view, champions).forecasts}


def _compared(said: Forecast, again: Forecast | None) -> tuple[str | None, str]:
    if again is None:
        return None, "the version gives no forecast from these bars any more"
    # The circumstances of the saying are not the content: a replay was dated back, a stand-in marked.
    again = plain(replace(again, flags=said.flags))
    if again.content_hash == said.content_hash:
        return again.content_hash, ""
    changed = [name for name, value in said.to_json().items() if again.to_json()[name] != value]
    if again.data_hash != said.data_hash:
        return again.content_hash, f"the bars up to then were revised (data {said.data_hash[:12]})"
    return again.content_hash, f"differs in {', '.join(changed)}"


def _cell(said: Forecast) -> Cell:
    return Cell(said.symbol, said.timeframe, said.horizon)
