"""Columns that are there twice: equal ones are one column, different ones are an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from augury.core.errors import ValidationError
from augury.data.layouts._names import plain
from augury.data.layouts._table import LINE, Table

CODE = "DUPLICATE_COLUMNS"


def unique_names(names: Sequence[str]) -> list[str]:
    """Make names of columns unique, so that a frame can hold them; the first one keeps its name.

    Examples
    --------
    >>> unique_names(["close", "close", "", "close"])
    ['close', 'close#2', 'column_2', 'close#3']
    """
    taken: dict[str, int] = {}
    unique = []
    for at, name in enumerate(names):
        base = name or f"column_{at}"
        taken[base] = taken.get(base, 0) + 1
        unique.append(base if taken[base] == 1 else f"{base}#{taken[base]}")
    return unique


def settle_doubled(table: Table, meant: Sequence[str]) -> Table:
    """Keep one of columns that mean the same and hold the same.

    Parameters
    ----------
    table : Table
        With unique names.
    meant : sequence of str
        The names as they were written, one for each column of the table.

    Returns
    -------
    Table
        Without the repetitions, which are named in ``notes``.

    Raises
    ------
    ValidationError
        DUPLICATE_COLUMNS: two columns of one meaning differ; which one is right cannot be guessed.

    Examples
    --------
    >>> twice = pl.DataFrame({LINE: [1, 2], "close": [1.5, 2.5], "Close": [1.5, 2.5]})
    >>> settled = settle_doubled(Table(twice), ["close", "Close"])
    >>> settled.columns, settled.notes
    (['close'], ("column 'Close' is there twice with equal values: one is kept",))
    """
    kept: dict[str, str] = {}
    dropped, notes = [], []
    for name, written in zip(table.columns, meant, strict=True):
        key = written if table.levels else plain(written)
        if key not in kept or not key:
            kept[key] = name
            continue
        _refuse_difference(table, kept[key], name, written)
        dropped.append(name)
        notes.append(f"column '{written}' is there twice with equal values: one is kept")
    if not dropped:
        return table
    levels = {name: labels for name, labels in table.levels.items() if name not in dropped}
    index = tuple(name for name in table.index if name not in dropped)
    frame = table.frame.drop(dropped)
    return replace(table, frame=frame, levels=levels, index=index, notes=(*table.notes, *notes))


def doubled(names: Sequence[str]) -> list[str]:
    """Return what is named more than once, in the order of appearance.

    Examples
    --------
    >>> doubled(["Date", "Close", "close ", "Open"])
    ['close']
    """
    seen = [plain(name) for name in names]
    return [name for name in dict.fromkeys(seen) if name and seen.count(name) > 1]


def _refuse_difference(table: Table, first: str, second: str, written: str) -> None:
    one, other = _comparable(table.frame[first]), _comparable(table.frame[second])
    if one.dtype != other.dtype:
        one, other = one.cast(pl.String), other.cast(pl.String)
    differs = table.frame.filter(one.ne_missing(other))
    if differs.height:
        values = f"{differs[first][0]!r} and {differs[second][0]!r}"
        raise ValidationError(
            f"{table.origin}: columns appear twice with different values: {written} ({table.place} "
            f"{differs[LINE][0]}: {values}, {differs.height} rows differ); which is right cannot be guessed ({CODE})",
            fix="augury data check FILE",
            code=CODE,
            rows=differs.height,
        )


def _comparable(column: pl.Series) -> pl.Series:
    numbers = column.cast(pl.Float64, strict=False) if column.dtype == pl.String else column
    return numbers if numbers.null_count() == column.null_count() else column
