"""Is the ledger what was written? Every hash recomputed, every chain held against its recorded end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Row, Select, Table, select

from augury.core.errors import AuguryError, CorruptStore
from augury.records.ledger.chain import GENESIS, hash_row, said_in
from augury.records.tables import forecast_heads, forecasts, symbols

_BATCH: Final = 1000
_Head: TypeAlias = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold: ``cell`` is ``SYMBOL timeframe horizon``, ``seq`` the first bad row."""

    cell: str
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """What a check of the ledger found.

    Parameters
    ----------
    rows, cells : int
        Rows that were checked, chains they belong to.
    breaks : tuple of Break
        The first break of every broken chain, in the order of the cells.
    """

    rows: int
    cells: int
    breaks: tuple[Break, ...] = ()

    @property
    def ok(self) -> bool:
        """True when every chain holds."""
        return not self.breaks

    @property
    def first_broken(self) -> Break | None:
        """The first break; None when every chain holds."""
        return self.breaks[0] if self.breaks else None

    def require(self) -> LedgerCheck:
        """Return the check itself when it is good.

        Raises
        ------
        CorruptStore
            Naming cell and row of the first break.

        Examples
        --------
        >>> LedgerCheck(3, 1, (Break("^GSPC d1 5d", 2, "row_hash differs"),)).require()
        Traceback (most recent call last):
            ...
        augury.core.errors.CorruptStore: the ledger is broken at ^GSPC d1 5d row 2: row_hash differs ...
        """
        first = self.first_broken
        if first is not None:
            raise CorruptStore(
                f"the ledger is broken at {first.cell} row {first.seq}: {first.reason}"
                f" ({len(self.breaks)} of {self.cells} chains are broken)",
                fix="augury doctor",
                cell=first.cell,
                seq=first.seq,
            )
        return self


def verify_ledger(connection: Connection, wanted: Select[Any]) -> LedgerCheck:
    """Check the rows of ``wanted`` (:func:`augury.records.ledger.ledger.ledger_rows`), cell by cell."""
    heads = {_key(row): (row.seq, row.row_hash) for row in connection.execute(_named(forecast_heads))}
    cells = {_key(row): _name(row) for table in (forecast_heads, forecasts) for row in _cells(connection, table)}
    rows, breaks = 0, []
    for key, name in sorted(cells.items(), key=lambda item: item[1]):
        here = (forecasts.c.symbol_id == key[0], forecasts.c.timeframe == key[1], forecasts.c.horizon == key[2])
        # Closed at the first break, before the rest of the chain was fetched.
        ordered = wanted.where(*here).order_by(forecasts.c.seq).execution_options(yield_per=_BATCH)
        with connection.execute(ordered) as chain:
            checked, found = _walk(chain, heads.get(key))
        rows += checked
        breaks += [Break(name, *found)] if found else []
    return LedgerCheck(rows, len(cells), tuple(breaks))


def _walk(chain: Iterable[Row[Any]], head: _Head | None) -> tuple[int, tuple[int, str] | None]:
    """Follow one chain; return the rows that hold and the first that does not, with the reason."""
    last: _Head = (0, GENESIS)
    try:
        for row in chain:
            seq, prev_hash = last[0] + 1, last[1]
            if row.seq != seq:
                return last[0], (seq, "the row is missing")
            if row.prev_hash != prev_hash:
                return last[0], (seq, "prev_hash is not the hash of the row before")
            if row.row_hash != hash_row(prev_hash, said_in(row), seq, row.recorded_at, row.content_hash):
                return last[0], (seq, "row_hash is not the hash of its content: the row was edited")
            last = (seq, row.row_hash)
    except (ValueError, TypeError, AuguryError) as error:
        return last[0], (last[0] + 1, f"the row cannot be read ({error})")
    if head is None:
        return last[0], (last[0], "the end of the chain is not recorded")
    if head[0] > last[0]:
        return last[0], (last[0] + 1, f"the row is missing: the chain was {head[0]} rows long")
    return last[0], None if head == last else (last[0], "the recorded end of the chain is another row")


def _named(table: Table) -> Select[Any]:
    return select(table, symbols.c.ticker).outerjoin(symbols, symbols.c.id == table.c.symbol_id)


def _cells(connection: Connection, table: Table) -> Iterable[Row[Any]]:
    columns = (table.c.symbol_id, table.c.timeframe, table.c.horizon, symbols.c.ticker)
    return connection.execute(_named(table).with_only_columns(*columns).distinct())


def _key(row: Row[Any]) -> tuple[int, str, str]:
    return row.symbol_id, row.timeframe, row.horizon


def _name(row: Row[Any]) -> str:
    return f"{row.ticker or f'symbol {row.symbol_id}'} {row.timeframe} {row.horizon}"
