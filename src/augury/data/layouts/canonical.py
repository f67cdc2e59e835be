"""Augury's own long frame: ``symbol, ts, open, high, low, close, volume``."""

from __future__ import annotations

from dataclasses import dataclass

from augury.data.layouts._long import read_long
from augury.data.layouts._table import Reading, Table


@dataclass(frozen=True)
class Canonical:
    """Recognised by ``symbol``, ``ts`` and ``close``."""

    name: str = "canonical"
    rank: int = 20

    def recognises(self, table: Table) -> bool:
        """Say whether the table has this layout."""
        return {"symbol", "ts", "close"} <= set(table.columns)

    def read(self, table: Table) -> Reading:
        """Return the rows in long form."""
        return read_long(table, "ts", "symbol")


LAYOUT = Canonical()
