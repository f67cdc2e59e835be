"""A table before its layout is known, and what a layout makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

import polars as pl

from augury.data.layouts._dialect import UNDECLARED, Dialect

LINE: Final = "_line"
"""Column with the place of a row in what was given: a line of a CSV file, else a row number."""


@dataclass(frozen=True)
class Table:
    """Columns as they came, the index of a pandas frame among them.

    Parameters
    ----------
    frame : pl.DataFrame
        Raw columns and ``_line``.
    origin : str
        Name of the file, or ``frame``; used in messages.
    place : str
        ``line`` or ``row``: what ``_line`` counts.
    index : tuple of str
        The columns that were the index, outermost first.
    levels : dict
        Column to its labels, for frames whose columns have several levels.
    notes : tuple of str
        What had to be understood before the columns could be seen: dialect, member, doubled columns.
    dialect : Dialect
        What the user declared about numbers and dates.
    path : str
        Path as it was given and, behind an archive, its member; some layouts speak through names.
    headerless : bool
        True when the first line holds values: the columns have no names.
    """

    frame: pl.DataFrame
    origin: str = "frame"
    place: str = "row"
    index: tuple[str, ...] = ()
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    dialect: Dialect = UNDECLARED
    path: str = ""
    headerless: bool = False

    @property
    def columns(self) -> list[str]:
        """The columns without the place of the row."""
        return [name for name in self.frame.columns if name != LINE]

    @property
    def values(self) -> list[str]:
        """The columns that were not the index."""
        return [name for name in self.columns if name not in self.index]


@dataclass(frozen=True)
class Reading:
    """What a layout understood: ``_line, symbol, ts`` and the fields present, in raw types.

    ``symbol`` is absent when the layout names none; ``rest`` names columns that were not used; ``tz``
    is the zone in which this layout writes times without one.
    """

    frame: pl.DataFrame
    mapped: tuple[str, ...]
    rest: tuple[str, ...] = ()
    tz: str | None = None


class Layout(Protocol):
    """One way to lay out bars."""

    name: str
    rank: int
    """Lower is asked first."""

    def recognises(self, table: Table) -> bool:
        """Say whether the table has this layout."""
        ...

    def read(self, table: Table) -> Reading:
        """Return the rows in long form."""
        ...


def numbered(frame: pl.DataFrame, offset: int = 1) -> pl.DataFrame:
    """Add the place of each row; the first one is ``offset``.

    Examples
    --------
    >>> numbered(pl.DataFrame({"close": [1.5, 2.5]}), offset=2)[LINE].to_list()
    [2, 3]
    """
    return frame.with_row_index(LINE, offset)
