"""Nixtla's long frame: ``unique_id, ds, y`` with further fields if there are any; ``y`` is the close."""

from __future__ import annotations

from dataclasses import dataclass

from augury.data.layouts._long import read_long
from augury.data.layouts._names import field_columns
from augury.data.layouts._table import Reading, Table


@dataclass(frozen=True)
class Nixtla:
    """Recognised by ``unique_id`` and ``ds``."""

    name: str = "nixtla"
    rank: int = 30

    def recognises(self, table: Table) -> bool:
        """Say whether the table has this layout."""
        names = set(table.columns)
        return {"unique_id", "ds"} <= names and ("y" in names or "close" in field_columns(names))

    def read(self, table: Table) -> Reading:
        """Return the rows in long form."""
        named = "close" in field_columns(table.columns)
        return read_long(table, "ds", "unique_id", None if named else {"close": "y"})


LAYOUT = Nixtla()
