"""CSV of any dialect: encoding, separator and header are found out; every cell stays text."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from augury.core.errors import ValidationError
from augury.data.layouts._dialect import Dialect
from augury.data.layouts._doubled import CODE, doubled, settle_doubled, unique_names
from augury.data.layouts._names import FIELDS, TIME_NAMES, field_columns, first_named, plain, slips
from augury.data.layouts._table import Table, numbered

_SEPARATORS: Final = (",", ";", "\t", "|")
_NULLS: Final = ["", "NA", "N/A", "#N/A", "na", "nan", "NaN", "null", "NULL", "None", "-"]
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEAD_LINES: Final = 12
_HEAD_BYTES: Final = 1 << 20
_NUMBER: Final = re.compile(r"\s*[+-]?\$?\d[\d.,: /-]*\s*")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_SHORTEST_BAR: Final = 5
_SAMPLE: Final = 256


@dataclass(frozen=True)
class _Header:
    """Labels of the columns, the line on which values begin (0 = first), and what else is known."""

    labels: list[str]
    first: int
    levels: dict[str, tuple[str, ...]]
    index: tuple[str, ...] = ()
    headerless: bool = False


def read_text(content: bytes, origin: str, dialect: Dialect) -> Table:
    """Read the bytes of a CSV file.

    Parameters
    ----------
    content : bytes
        UTF-8 or UTF-16, with or without a mark, else Windows-1252.
    origin : str
        Name of the file, for messages.
    dialect : Dialect
        What was declared.

    Raises
    ------
    ValidationError
        Not text, or rows of other widths (SCHEMA); no lines (EMPTY); doubled columns that differ
        (DUPLICATE_COLUMNS).
    """
    content, notes = _utf8(content)
    if _CONTROL.search(content[:_HEAD_BYTES]):
        raise _refused(origin, "it cannot be read: it is not text")
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    lines = [line.decode(errors="replace").rstrip("\r") for line in content[:_HEAD_BYTES].split(b"\n", _HEAD_LINES)]
    lines = lines[:_HEAD_LINES]
    if not any(line.strip() for line in lines):
        raise _refused(origin, "the file has no header", "EMPTY")
    separator = dialect.separator or _separator([line for line in lines if line.strip()])
    if separator != ",":
        notes.append(f"separator {separator!r}")
    header = _header([_cells(line, separator) for line in lines])
    if header.first > (3 if header.levels else 1):
        notes.append(f"{header.first - (3 if header.levels else 1)} lines above the header left out")
    lines_and_rest = content.split(b"\n", header.first)
    if len(lines_and_rest) <= header.first or not lines_and_rest[-1].strip():
        raise _without_bars(origin, header, lines)
    names = unique_names(header.labels)
    frame = _values(content, header.first, separator, names, origin)
    table = Table(
        frame,
        origin,
        "line",
        header.index,
        {
            name: header.levels[label]
            for name, label in zip(names, header.labels, strict=True)
            if label in header.levels
        },
        tuple(notes),
        replace(dialect, separator=separator),
        headerless=header.headerless,
    )
    return settle_doubled(table, header.labels)


def _utf8(content: bytes) -> tuple[bytes, list[str]]:
    for mark, name in _BOMS:
        if content.startswith(mark):
            return content.decode(name).encode(), ["UTF-16 text"] if name == "utf-16" else []
    head = content[:_SAMPLE]
    for at, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if 2 * head[at::2].count(0) <= len(head[at::2]):
            continue
        return content.decode(name).encode(), ["UTF-16 text"]
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace").encode(), ["Windows-1252 text"]
    return content, []


def _separator(lines: Sequence[str]) -> str:
    """The separator that cuts most lines into equally many cells; commas win when nothing tells."""
    best, found = (0, 0), ","
    for separator in _SEPARATORS:
        counts = [len(_cells(line, separator)) for line in lines]
        usual = max(set(counts), key=lambda count: (counts.count(count), count))
        score = (counts.count(usual) if usual > 1 else 0, usual)
        # A decimal comma cuts lines evenly too: the header, which has none, decides.
        if len(_cells(lines[0], separator)) == 1 and len(lines) > 1 and usual > 1 and not _is_title(lines[0]):
            continue
        if score > best:
            best, found = score, separator
    return found


def _is_title(line: str) -> bool:
    return first_named(re.split(r"[,;|\t]", line), TIME_NAMES) is None


def _cells(line: str, separator: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]


def _header(rows: list[list[str]]) -> _Header:
    at = next((at for at, row in enumerate(rows) if _names_columns(row)), 0)
    for top in range(min(at, 2) + 1):
        if (layered := _layered(rows[at - top :], at - top)) is not None:
            return layered
    if not _names_columns(rows[at]) and _is_bar(rows[at]):
        return _Header([f"cell_{number}" for number in range(1, len(rows[at]) + 1)], at, {}, headerless=True)
    return _Header(rows[at], at + 1, {})


def _names_columns(row: Sequence[str]) -> bool:
    timed = first_named(row, TIME_NAMES) is not None
    return (timed and len(row) > 1) or len(field_columns(row)) > 1 or len(slips(row)[0]) > 1


def _is_bar(row: Sequence[str]) -> bool:
    return len(row) >= _SHORTEST_BAR and all(_NUMBER.fullmatch(cell) for cell in row if cell)


def _layered(rows: list[list[str]], skipped: int) -> _Header | None:
    """Two lines of labels (fields and symbols, in either order) and, mostly, a third that names the time."""
    if len(rows) < 2 or len(rows[0]) != len(rows[1]) or len(rows[0]) < 2:
        return None
    upper, lower = rows[0][1:], rows[1][1:]
    known = {*FIELDS, "dividends", "stock splits", "capital gains"}
    fields_above = {plain(name) for name in upper} <= known
    fields_below = {plain(name) for name in lower} <= known
    if fields_above == fields_below or any(_NUMBER.fullmatch(name) or not name for name in (*upper, *lower)):
        return None
    third = rows[2] if len(rows) > 2 else []
    named = bool(third) and plain(third[0]) in TIME_NAMES and not any(third[1:])
    time = third[0] if named else "Date"
    labels = [f"{one}|{other}" for one, other in zip(upper, lower, strict=True)]
    levels = {label: tuple(label.split("|", 1)) for label in labels}
    return _Header([time, *labels], skipped + (3 if named else 2), levels, (time,))


def _values(content: bytes, skip: int, separator: str, names: list[str], origin: str) -> pl.DataFrame:
    try:
        frame = pl.read_csv(
            io.BytesIO(content),
            has_header=False,
            skip_lines=skip,
            separator=separator,
            infer_schema=False,
            null_values=_NULLS,
            schema={name: pl.String() for name in names},
        )
    except pl.exceptions.ComputeError as error:
        raise _refused(origin, _ragged(content, skip, separator, len(names)) or str(error).splitlines()[0]) from error
    frame = numbered(frame, skip + 1)
    padded = [name for name in names if frame[name].str.contains(r"^\s|\s$").any()]
    stripped = [pl.col(name).str.strip_chars().replace(dict.fromkeys(_NULLS)) for name in padded]
    return frame.with_columns(stripped).filter(~pl.all_horizontal(pl.col(name).is_null() for name in names))


def _ragged(content: bytes, skip: int, separator: str, width: int) -> str:
    for at, line in enumerate(content.splitlines()):
        cells = len(_cells(line.decode(errors="replace"), separator)) if at >= skip else 0
        if cells > width:
            return f"line {at + 1} has {cells} cells, the header has {width}"
    return ""


def _without_bars(origin: str, header: _Header, lines: list[str]) -> ValidationError:
    if not header.levels and not _names_columns(header.labels) and len(header.labels) < _SHORTEST_BAR:
        return _refused(origin, f"no table of bars: it begins with '{lines[0].strip()[:40]}'")
    fields = doubled([label.split("|")[0] for label in header.labels])
    if not fields:
        return _refused(origin, "a header and no bars", "EMPTY")
    symbols = list(
        dict.fromkeys(label for labels in header.levels.values() for label in labels if plain(label) not in FIELDS)
    )
    whose = f" (under {', '.join(symbols)})" if symbols else ""
    reason = f"{len(header.labels)} columns, {', '.join(fields)} more than once{whose}, and no bars"
    return _refused(origin, reason, CODE)


def _refused(origin: str, reason: str, code: str = "SCHEMA") -> ValidationError:
    return ValidationError(f"{origin}: {reason} ({code})", fix="augury data check FILE", code=code)
