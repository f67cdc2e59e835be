"""A pandas series or frame indexed by (date, asset), as factor tools use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.data.layouts._long import read_long
from augury.data.layouts._names import field_columns
from augury.data.layouts._table import Reading, Table

_LEVELS: Final = 2


@dataclass(frozen=True)
class MultiIndexed:
    """Recognised by an index of two levels, one of times and one of names; a series is closes."""

    name: str = "multiindex"
    rank: int = 15

    def recognises(self, table: Table) -> bool:
        """Say whether the table has this layout."""
        if len(table.index) != _LEVELS or table.levels or _date_level(table) is None:
            return False
        return len(table.values) == 1 or "close" in field_columns(table.values)

    def read(self, table: Table) -> Reading:
        """Return the rows in long form."""
        at = _date_level(table) or 0
        lone = None if "close" in field_columns(table.values) else {"close": table.values[0]}
        return read_long(table, table.index[at], table.index[1 - at], lone)


def _date_level(table: Table) -> int | None:
    times = [table.frame[name].dtype in (pl.Date, pl.Datetime) for name in table.index]
    return times.index(True) if times.count(True) == 1 else None


LAYOUT = MultiIndexed()
