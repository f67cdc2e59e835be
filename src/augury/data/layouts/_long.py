"""Long tables: one row a bar, one column a field, under whatever names."""

from __future__ import annotations

import polars as pl

from augury.data.layouts._names import field_columns
from augury.data.layouts._table import LINE, Reading, Table


def read_long(table: Table, ts: str, symbol: str | None, extra: dict[str, str] | None = None) -> Reading:
    """Rename the columns of a long table.

    Parameters
    ----------
    table : Table
        One row a bar.
    ts : str
        The column that holds the time.
    symbol : str or None
        The column that holds the symbol, if there is one.
    extra : dict, optional
        Field to column, for names only this layout uses.
    """
    fields = field_columns(table.values) | (extra or {})
    names = ({"symbol": symbol} if symbol is not None else {}) | {"ts": ts} | fields
    frame = table.frame.select(LINE, *(pl.col(column).alias(name) for name, column in names.items()))
    mapped = tuple(f"{column}->{name}" for name, column in names.items() if column != name)
    rest = tuple(name for name in table.columns if name not in names.values())
    return Reading(frame, mapped, rest)
