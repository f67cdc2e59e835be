"""freqtrade's candle files: ``date, open, high, low, close, volume``, one symbol a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from augury.data.layouts._long import read_long
from augury.data.layouts._table import Reading, Table

_COLUMNS: Final = ("date", "open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Freqtrade:
    """Recognised by exactly its six lower-case columns, in any order."""

    name: str = "freqtrade"
    rank: int = 40

    def recognises(self, table: Table) -> bool:
        """Say whether the table has this layout."""
        return set(table.columns) == set(_COLUMNS)

    def read(self, table: Table) -> Reading:
        """Return the rows in long form."""
        return read_long(table, "date", None)


LAYOUT = Freqtrade()
