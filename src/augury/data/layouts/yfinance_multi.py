"""yfinance for several symbols: columns of two levels, (field, symbol) or (symbol, field)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.data.layouts._names import FIELDS, plain
from augury.data.layouts._table import LINE, Reading, Table

_DEPTH: Final = 2


@dataclass(frozen=True)
class YFinanceMulti:
    """Recognised by two column levels of which one holds only known fields, ``Close`` among them."""

    name: str = "yfinance_multi"
    rank: int = 10

    def recognises(self, table: Table) -> bool:
        """Say whether the table has this layout."""
        return _field_level(table) is not None and len(table.index) == 1

    def read(self, table: Table) -> Reading:
        """Return the rows in long form; rows on which a symbol has no value at all are not its bars."""
        level, ts = _field_level(table) or 0, table.index[0]
        by_symbol: dict[str, dict[str, str]] = {}
        rest = []
        for column, labels in table.levels.items():
            if plain(labels[level]) in FIELDS:
                by_symbol.setdefault(labels[1 - level], {})[plain(labels[level])] = column
            else:
                rest.append(column)
        parts = [_of(table.frame, ts, symbol, fields) for symbol, fields in by_symbol.items()]
        mapped = (f"{ts}->ts", f"columns ({'field, symbol' if level == 0 else 'symbol, field'})->rows")
        return Reading(pl.concat(parts, how="diagonal_relaxed"), mapped, tuple(rest))


def _of(frame: pl.DataFrame, ts: str, symbol: str, fields: dict[str, str]) -> pl.DataFrame:
    ordered = [pl.col(fields[name]).alias(name) for name in FIELDS if name in fields]
    one = frame.select(LINE, pl.lit(symbol).alias("symbol"), pl.col(ts).alias("ts"), *ordered)
    return one.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in fields))


def _field_level(table: Table) -> int | None:
    if not table.levels or any(len(labels) != _DEPTH for labels in table.levels.values()):
        return None
    for level in (0, 1):
        names = {plain(labels[level]) for labels in table.levels.values()}
        if "close" in names and names <= {*FIELDS, "dividends", "stock splits", "capital gains"}:
            return level
    return None


LAYOUT = YFinanceMulti()
