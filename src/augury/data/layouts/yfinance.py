"""One bar a row under the usual names in any case: yfinance for one symbol, and most vendors' CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.data.layouts._long import read_long
from augury.data.layouts._names import MAY_NAME_SYMBOLS, SYMBOL_NAMES, TIME_NAMES, field_columns, first_named
from augury.data.layouts._table import Reading, Table

_TICKER: Final = r"^[A-Z0-9.^=_/&-]{1,24}$"


@dataclass(frozen=True)
class YFinance:
    """Recognised by a time and a close, ``Date Open High Low Close Adj Close Volume`` in any case."""

    name: str = "yfinance"
    rank: int = 50

    def recognises(self, table: Table) -> bool:
        """Say whether the table has this layout."""
        return (
            not table.levels
            and not table.headerless
            and "close" in field_columns(table.values)
            and _time(table) is not None
        )

    def read(self, table: Table) -> Reading:
        """Return the rows in long form."""
        return read_long(table, _time(table) or "", first_named(table.columns, SYMBOL_NAMES) or _tickers(table))


def _time(table: Table) -> str | None:
    named = first_named(table.columns, TIME_NAMES)
    if named is not None or not table.columns:
        return named
    # A pandas index written to CSV has no name; its column comes first.
    return table.columns[0] if table.columns[0] in (*table.index, "column_0", "index") else None


def _tickers(table: Table) -> str | None:
    name = first_named(table.columns, MAY_NAME_SYMBOLS)
    if name is None or table.frame[name].dtype not in (pl.String, pl.Categorical):
        return None
    written = table.frame[name].cast(pl.String).drop_nulls().unique()
    return name if len(written) and written.str.contains(_TICKER).all() else None


LAYOUT = YFinance()
