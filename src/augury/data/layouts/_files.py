"""Files: text, Parquet, Arrow, feather and archives of them, told apart by their first bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Final

import polars as pl

from augury.core.errors import NotFound, UsageError, ValidationError
from augury.data.layouts._archive import DAMAGED, is_archive, members, unpacked
from augury.data.layouts._dialect import Dialect
from augury.data.layouts._doubled import settle_doubled
from augury.data.layouts._names import SYMBOL_NAMES, first_named
from augury.data.layouts._recognise import claims
from augury.data.layouts._table import LINE, Table, numbered
from augury.data.layouts._text import read_text

TEXT_SUFFIXES: Final = (".csv", ".tsv", ".txt", ".prn")
_LISTED: Final = 12
_PACKED_SUFFIXES: Final = (".gz", ".bz2", ".xz")


def read_file(path: Path, dialect: Dialect) -> Table:
    """Read a file of bars; every CSV cell stays text until its column is understood.

    Parameters
    ----------
    path : Path
        CSV of any dialect, Parquet, Arrow or feather; alone, compressed, or in a zip or tar.
    dialect : Dialect
        What was declared about text.

    Raises
    ------
    NotFound
        There is no such file.
    ValidationError
        Empty (EMPTY), unreadable or without bars (SCHEMA), doubled columns (DUPLICATE_COLUMNS).
    UsageError
        Not a kind of file that is read.
    """
    if not path.is_file():
        raise NotFound(f"no such file: {path}", fix="augury data import FILE --timeframe d1", path=str(path))
    try:
        table = _read(path.read_bytes(), path.name, dialect)
        return replace(table, path=f"{path}/{table.path}" if table.path else str(path))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, UnicodeDecodeError, *DAMAGED) as error:
        raise _refused(path.name, f"it cannot be read: {(str(error) or 'damaged').splitlines()[0]}") from error


def read_files(paths: Sequence[Path], dialect: Dialect) -> Table:
    """Read several files of the same columns as one table, such as the daily drops of a vendor.

    Raises
    ------
    UsageError
        No file was given.
    ValidationError
        Two files have different columns.
    """
    if not paths:
        raise UsageError("no file was given", fix="augury data check FILE")
    tables = [read_file(path, dialect) for path in paths]
    if len(tables) == 1:
        return tables[0]
    stacked = _stacked(tables, f"{len(tables)} files")
    names = ", ".join(table.origin for table in tables[:_LISTED])
    return replace(stacked, origin=f"{len(tables)} files", notes=(f"files {names}", *stacked.notes), path="")


def _read(content: bytes, name: str, dialect: Dialect) -> Table:
    if not content:
        raise _refused(name, "the file is empty", "EMPTY")
    content = unpacked(content)
    if content[:4] == b"PAR1":
        return _framed(pl.read_parquet(io.BytesIO(content)), name)
    if content[:6] == b"ARROW1":
        return _framed(pl.read_ipc(io.BytesIO(content)), name)
    if content[:4] == b"\xff\xff\xff\xff":
        return _framed(pl.read_ipc_stream(io.BytesIO(content)), name)
    if content[:4] == b"FEA1":
        raise UsageError(f"{name} is a feather file of version 1: write it again with version 2, or as Parquet")
    if is_archive(content):
        return _member(content, name, dialect)
    if _is_text(name):
        return read_text(content, name, dialect)
    raise UsageError(
        f"{name} is named neither like text ({', '.join(TEXT_SUFFIXES)}) nor does it begin like Parquet, Arrow, zip "
        f"or tar (its first bytes are {content[:4]!r})",
        fix=f"mv {name} {PurePath(name).with_suffix('.csv')}",
    )


def _is_text(name: str) -> bool:
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    while suffixes and suffixes[-1] in _PACKED_SUFFIXES:
        suffixes.pop()
    return not suffixes or suffixes[-1] in TEXT_SUFFIXES or name.lower().endswith(_PACKED_SUFFIXES)


def _framed(frame: pl.DataFrame, name: str) -> Table:
    return settle_doubled(Table(numbered(frame), name), frame.columns)


def _member(content: bytes, origin: str, dialect: Dialect) -> Table:
    """The members that hold bars; several are stacked when their columns agree."""
    found: list[Table] = []
    others: list[str] = []
    empty: list[str] = []
    for name, inner in members(content, origin):
        try:
            table = replace(_read(inner, PurePath(name).name, dialect), path=name)
        except (ValidationError, UsageError, pl.exceptions.PolarsError, UnicodeDecodeError):
            (others if inner else empty).append(name)
            continue
        if claims(table):
            found.append(table)
        else:
            others.append(name)
    if not found:
        listed = ", ".join([*others, *empty][:_LISTED]) or "nothing"
        raise _refused(origin, f"no member of the archive holds bars (there are: {listed})")
    notes: tuple[str, ...] = (
        f"members {', '.join(table.path for table in found[:_LISTED])}{' …' if len(found) > _LISTED else ''}",
    )
    notes += (f"other members left out: {', '.join([*others, *empty][:_LISTED])}",) if others or empty else ()
    table = found[0] if len(found) == 1 else _stacked(found, origin)
    return replace(table, origin=origin, notes=(*notes, *table.notes))


def _stacked(found: list[Table], origin: str) -> Table:
    first = found[0]
    for other in found[1:]:
        if other.columns != first.columns or other.levels != first.levels:
            raise _refused(origin, f"{first.path} and {other.path} have different columns: give one of the two")
    parts = [table.frame.drop(LINE) for table in found]
    notes: tuple[str, ...] = ()
    if first_named(first.columns, SYMBOL_NAMES) is None and not first.levels and not first.headerless:
        parts = [
            part.with_columns(symbol=pl.lit(PurePath(table.path).stem))
            for part, table in zip(parts, found, strict=True)
        ]
        notes = ("symbol from the name of each member",)
    frame = numbered(pl.concat(parts, how="vertical_relaxed"))
    return replace(first, frame=frame, place="row", notes=(*notes, *first.notes))


def _refused(name: str, reason: str, code: str = "SCHEMA") -> ValidationError:
    return ValidationError(f"{name}: {reason} ({code})", fix="augury data check FILE", code=code)
