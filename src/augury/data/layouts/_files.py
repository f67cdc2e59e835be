"""Files: CSV of any dialect, Parquet, Arrow and feather, told apart by their first bytes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import polars as pl

from augury.core.errors import NotFound, UsageError, ValidationError
from augury.data.layouts._table import Table, numbered, refuse_doubled

TEXT_SUFFIXES: Final = (".csv", ".tsv", ".txt", ".gz")
_SEPARATORS: Final = (",", ";", "\t", "|")
_NULLS: Final = ["", "NA", "N/A", "na", "nan", "NaN", "null", "NULL", "None"]


def read_file(path: Path) -> Table:
    """Read a file of bars; every CSV cell stays text until its column is understood.

    Parameters
    ----------
    path : Path
        CSV (``, ; |`` or tab, gzip or not), Parquet, Arrow or feather.

    Raises
    ------
    NotFound
        There is no such file.
    ValidationError
        Empty, unreadable, or with the same column twice.
    UsageError
        Not a kind of file that is read.
    """
    if not path.is_file():
        raise NotFound(f"no such file: {path}", fix="augury data import FILE --timeframe d1", path=str(path))
    with path.open("rb") as stream:
        magic = stream.read(8)
    if not magic:
        raise _refused(path, "the file is empty", "EMPTY")
    try:
        if magic[:4] == b"PAR1":
            return _checked(Table(numbered(pl.read_parquet(path, memory_map=False)), path.name))
        if magic[:6] == b"ARROW1":
            return _checked(Table(numbered(pl.read_ipc(path.read_bytes())), path.name))
        if path.suffix.lower() in TEXT_SUFFIXES:
            return _read_text(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, UnicodeDecodeError) as error:
        raise _refused(path, f"it cannot be read: {(str(error) or 'damaged').splitlines()[0]}", "SCHEMA") from error
    raise UsageError(
        f"{path.name} is named neither like text ({', '.join(TEXT_SUFFIXES)}) nor does it begin like Parquet or Arrow"
        f" (its first bytes are {magic[:4]!r})",
        fix=f"mv {path} {path.with_suffix('.csv')} && augury data import {path.with_suffix('.csv')}",
    )


def _refused(path: Path, reason: str, code: str) -> ValidationError:
    return ValidationError(f"{path.name}: {reason} ({code})", fix=f"augury data check {path}", code=code)


def _checked(table: Table) -> Table:
    refuse_doubled(table.columns, table.origin)
    return table


def _read_text(path: Path) -> Table:
    raw = pl.read_csv(
        path,
        has_header=False,
        separator="\x1f",
        quote_char=None,
        infer_schema=False,
        new_columns=["text"],
        truncate_ragged_lines=True,
    )
    head = [line or "" for line in raw["text"].head(3).to_list()]
    if not head or not head[0].strip():
        raise _refused(path, "the file has no header", "EMPTY")
    separator = max(_SEPARATORS, key=head[0].count)
    names = [cell.strip().lstrip("\ufeff") for cell in next(csv.reader([head[0]], delimiter=separator))]
    second = next(csv.reader(head[1:2], delimiter=separator), [])
    layered = len(names) > 1 and names[0].lower() == "price" and bool(second) and second[0].lower() == "ticker"
    header_lines = 3 if layered else 1
    labels = [f"{name}|{symbol}" for name, symbol in zip(names, second, strict=False)] if layered else names
    labels[0] = "Date" if layered else labels[0]
    refuse_doubled(labels, path.name)
    if raw.height <= header_lines:
        raise _refused(path, "a header and no bars", "EMPTY")
    frame = pl.read_csv(
        path,
        has_header=False,
        skip_rows=header_lines,
        separator=separator,
        infer_schema=False,
        null_values=_NULLS,
        schema={name or f"column_{at}": pl.String() for at, name in enumerate(labels)},
    )
    levels = {label: tuple(label.split("|")) for label in labels[1:]} if layered else {}
    index = ("Date",) if layered else ()
    return Table(numbered(_decimals(frame, separator), header_lines + 1), path.name, "line", index, levels)


def _decimals(frame: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Read ``1,5`` as 1.5 where the separator leaves the comma free."""
    if separator == ",":
        return frame
    comma = pl.col(pl.String).str.replace(r"^([+-]?\d+),(\d+)$", "$1.$2")
    return frame.with_columns(comma)
