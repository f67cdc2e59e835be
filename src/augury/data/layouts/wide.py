"""A matrix of closes: one row a date, one column a symbol; only closes are real."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from augury.data.layouts._names import FIELDS, SYMBOL_NAMES, TIME_NAMES, first_named, plain
from augury.data.layouts._table import LINE, Reading, Table


@dataclass(frozen=True)
class Wide:
    """Recognised by a time and nothing but columns of numbers that are no fields."""

    name: str = "wide"
    rank: int = 90

    def recognises(self, table: Table) -> bool:
        """Say whether the table has this layout."""
        ts = _time(table)
        if ts is None or table.levels or table.headerless or first_named(table.columns, SYMBOL_NAMES) is not None:
            return False
        values = [name for name in table.columns if name != ts]
        # A symbol may be called LOW; a table whose columns are mostly fields is one of bars without a close.
        named = [name for name in values if plain(name) in FIELDS]
        if not values or "close" in map(plain, named) or 2 * len(named) >= len(values):
            return False
        return all(_numeric(table.frame[name]) for name in values)

    def read(self, table: Table) -> Reading:
        """Return the rows in long form; an empty cell is not a bar."""
        ts = _time(table) or ""
        values = [name for name in table.columns if name != ts]
        long = table.frame.rename({ts: "ts"} if ts != "ts" else {}).unpivot(
            on=values, index=[LINE, "ts"], variable_name="symbol", value_name="close"
        )
        mapped = (f"{ts}->ts", f"{len(values)} columns->symbol, cells->close (close only)")
        return Reading(long.drop_nulls("close"), mapped)


def _time(table: Table) -> str | None:
    if len(table.index) == 1:
        return table.index[0]
    return first_named(table.columns, TIME_NAMES) or ("column_0" if "column_0" in table.columns else None)


def _numeric(column: pl.Series) -> bool:
    if column.dtype == pl.String:
        return column.cast(pl.Float64, strict=False).null_count() == column.null_count() < len(column)
    return column.dtype.is_numeric()


LAYOUT = Wide()
