"""Columns set right before a layout is looked for: misspelt names, and dates apart from their times."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from augury.data.layouts._names import SYMBOL_NAMES, TIME_NAMES, field_columns, plain, slips
from augury.data.layouts._recognise import claims
from augury.data.layouts._table import Table

_LATEST_CLOCK: Final = 235_959
_HHMM: Final = 4


def settled(table: Table) -> Table:
    """Return the table with misspelt columns renamed and a separate time joined to its date.

    Parameters
    ----------
    table : Table
        As it was read; tables whose columns have several levels come back as they are.

    Examples
    --------
    >>> from augury.data.layouts._table import numbered
    >>> day = pl.DataFrame({"Date": ["2018-01-02"], "Time": ["09:30"], "Clsoe": ["1.5"]})
    >>> done = settled(Table(numbered(day)))
    >>> done.columns, done.frame["Date"][0], done.notes
    (['Date', 'close'], '2018-01-02 09:30', ("misspelt 'Clsoe'->close", 'Date + Time->ts'))
    """
    if table.levels or table.headerless:
        return table
    respelt = _joined(_respelt(table))
    # A name is only read otherwise where that makes the table one of bars; else the error shows what is there.
    return respelt if claims(respelt) else _joined(table)


def _respelt(table: Table) -> Table:
    found, unclear = slips(table.columns)
    if not found or unclear or not _is_long(table.columns, found):
        return table
    notes = tuple(f"misspelt '{name}'->{meant}" for name, meant in found.items())
    index = tuple(found.get(name, name) for name in table.index)
    return replace(table, frame=table.frame.rename(found), index=index, notes=(*table.notes, *notes))


def _is_long(names: list[str], found: dict[str, str]) -> bool:
    """A matrix of closes may have a column LOWE: fields must be at least half of the columns, or a close there."""
    fields = field_columns(names)
    others = [name for name in names if plain(name) not in (*TIME_NAMES, *SYMBOL_NAMES)]
    return "close" in fields or 2 * (len(fields) + len(found)) >= len(others)


def _joined(table: Table) -> Table:
    by_name = {plain(name): name for name in table.columns}
    date, time = by_name.get("date"), by_name.get("time")
    if date is None or time is None or table.frame[date].dtype == pl.Datetime:
        return table
    clock = _clock(table.frame[time])
    days = table.frame[date].cast(pl.String).str.strip_chars()
    if clock is None or days.str.contains(":", literal=True).any():
        return table
    frame = table.frame.with_columns((days + " " + clock).alias(date)).drop(time)
    return replace(
        table,
        frame=frame,
        index=tuple(name for name in table.index if name != time),
        notes=(*table.notes, f"{date} + {time}->ts"),
    )


def _clock(column: pl.Series) -> pl.Series | None:
    """Times of day as text with colons; None where the column holds something else."""
    if column.dtype == pl.Time:
        return column.dt.to_string("%H:%M:%S")
    text = column.cast(pl.String).str.strip_chars()
    if text.str.contains(r"^\d{1,2}:\d{2}").all():
        return text
    digits = text.cast(pl.Int64, strict=False)
    if digits.null_count() or int(digits.max() or 0) > _LATEST_CLOCK or column.dtype.is_float():  # type: ignore[arg-type]
        return None
    lengths = text.str.len_chars()
    if int(lengths.max() or 0) <= _HHMM and int(digits.max() or 0):  # type: ignore[arg-type]
        return text.str.zfill(4).str.replace(r"^(\d\d)(\d\d)$", "$1:$2")
    return text.str.zfill(6).str.replace(r"^(\d\d)(\d\d)(\d\d)$", "$1:$2:$3")
