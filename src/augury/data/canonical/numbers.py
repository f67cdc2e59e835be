"""Numbers as people and spreadsheets write them: ``1.234,56``, ``$1,234.50``, ``1.2M``."""

from __future__ import annotations

from typing import Final

import polars as pl

from augury.core.errors import ValidationError
from augury.data.layouts import FIELDS, LINE, Table

_CURRENCY: Final = r"[$€£¥₹\s']"
_SUFFIXES: Final = {"K": 1e3, "M": 1e6, "B": 1e9}
_SUFFIXED: Final = r"^([+-]?\d+(?:\.\d+)?)([KMBkmb])$"
_THOUSANDS: Final = {
    ".": r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?[KMBkmb]?$",
    ",": r"^[+-]?\d{1,3}(\.\d{3})+(,\d+)?[KMBkmb]?$",
}
_COMMA_TELLS: Final = r"^[+-]?\d+,(\d{1,2}|\d{4,})[KMBkmb]?$|\.\d{3},|^[+-]?(\d{4,}|0),\d+$"
_POINT_TELLS: Final = r",\d{3}\.|,\d{3},\d{3}|^[+-]?\d+\.(\d{1,2}|\d{4,})[KMBkmb]?$|^[+-]?(\d{4,}|0)\.\d+$"


def read_numbers(frame: pl.DataFrame, table: Table) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Turn the fields into Float64; nothing but a missing value becomes null.

    Parameters
    ----------
    frame : pl.DataFrame
        With ``_line`` and fields of any type.
    table : Table
        Names the place of a row; its dialect may declare the decimal sign.

    Returns
    -------
    (pl.DataFrame, tuple of str)
        The frame with every field of a bar, absent ones null; then what was understood.

    Raises
    ------
    ValidationError
        A text that is no number (NON_NUMERIC), or numbers whose decimal sign cannot be told (SCHEMA).
    """
    present = [name for name in FIELDS if name in frame.columns]
    text: list[str] = [name for name in present if frame[name].dtype == pl.String]
    notes: tuple[str, ...] = ()
    if any(_unread(frame[name]) for name in text) or (text and table.dialect.decimal == ","):
        frame, notes = _rewritten(frame, text, table)
    cast = frame.with_columns(pl.col(name).cast(pl.Float64, strict=False) for name in present)
    for name in present:
        if cast[name].null_count() == frame[name].null_count():
            continue
        bad = frame.filter(cast[name].is_null() & frame[name].is_not_null())
        raise ValidationError(
            f"{table.origin} {table.place} {bad[LINE][0]}: {name} is '{bad[name][0]}', not a number (NON_NUMERIC)",
            fix="augury data check FILE",
            code="NON_NUMERIC",
            rows=bad.height,
        )
    return cast.with_columns(pl.lit(None, pl.Float64).alias(name) for name in FIELDS[:5] if name not in present), notes


def _unread(column: pl.Series) -> bool:
    return column.cast(pl.Float64, strict=False).null_count() > column.null_count()


def _rewritten(frame: pl.DataFrame, text: list[str], table: Table) -> tuple[pl.DataFrame, tuple[str, ...]]:
    bare = frame.with_columns(pl.col(name).str.replace_all(_CURRENCY, "") for name in text)
    notes = ["currency signs and blanks left out of numbers"] if not bare.equals(frame) else []
    commas = [name for name in text if bare[name].str.contains(",", literal=True).any()]
    if commas or table.dialect.decimal == ",":
        decimal = table.dialect.decimal or _decimal(bare, text, table)
        bare = bare.with_columns(_with_point(pl.col(name), decimal) for name in text)
        notes.append("decimal comma" if decimal == "," else "commas between thousands")
    suffixed = [name for name in text if bare[name].str.contains(_SUFFIXED).any()]
    if suffixed:
        bare = bare.with_columns(_unfolded(pl.col(name)) for name in suffixed)
        notes.append(f"K, M and B in {', '.join(suffixed)} are thousands, millions and billions")
    # What is still no number is shown as it was written.
    shown = [
        pl.when(bare[name].cast(pl.Float64, strict=False).is_null()).then(frame[name]).otherwise(bare[name]).alias(name)
        for name in text
    ]
    return frame.with_columns(shown), tuple(notes)


def _decimal(frame: pl.DataFrame, text: list[str], table: Table) -> str:
    """The decimal sign the numbers tell: some fit only one of the two."""
    cells = pl.concat([frame[name].alias("cell") for name in text])
    comma, point = bool(cells.str.contains(_COMMA_TELLS).any()), bool(cells.str.contains(_POINT_TELLS).any())
    if comma != point:
        return "," if comma else "."
    if not comma and table.dialect.separator == ";":
        # The semicolon separates because the comma is taken.
        return ","
    first = frame.filter(pl.any_horizontal(pl.col(name).str.contains(",", literal=True) for name in text))
    value = next(cell for cell in (first[name][0] for name in text) if cell is not None and "," in cell)
    found = "points and commas both stand before fractions" if comma else "no number tells"
    raise ValidationError(
        f"{table.origin} {table.place} {first[LINE][0]}: '{value}' may be a thousand or a fraction ({found}): "
        "declare Dialect(decimal=',') or '.' (SCHEMA)",
        fix="augury data check FILE",
        code="SCHEMA",
    )


def _with_point(cell: pl.Expr, decimal: str) -> pl.Expr:
    """Write a number with a point and no signs between thousands; other text stays as it is."""
    between = "." if decimal == "," else ","
    grouped = cell.str.contains(_THOUSANDS[decimal])
    flat = pl.when(grouped).then(cell.str.replace_all(between, "", literal=True)).otherwise(cell)
    return flat.str.replace(",", ".", literal=True) if decimal == "," else flat


def _unfolded(cell: pl.Expr) -> pl.Expr:
    number = cell.str.extract(_SUFFIXED, 1).cast(pl.Float64)
    times = cell.str.extract(_SUFFIXED, 2).str.to_uppercase().replace_strict(_SUFFIXES, default=None)
    return pl.when(times.is_null()).then(cell).otherwise((number * times).cast(pl.String))
