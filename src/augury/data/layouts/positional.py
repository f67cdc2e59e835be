"""Bars without a header: date, time, open, high, low, close, volume by their place, as terminals export them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.core.errors import ValidationError
from augury.data.layouts._table import LINE, Reading, Table

_FIELDS: Final = ("open", "high", "low", "close", "volume")
_DATE: Final = r"^((?:19|20)\d{2}[-/.]?[01]\d[-/.]?[0-3]\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})"
_CLOCK_ONLY: Final = r"^\d{1,2}:?\d{2}(:?\d{2})?$"
_EPOCH: Final = r"^\d{10}$|^\d{13}$|^\d{16}$"
_WIDTHS: Final = (4, 5)


@dataclass(frozen=True)
class Positional:
    """Recognised by a first line of a date, perhaps a time, and four or five numbers.

    Behind an epoch, as crypto exchanges archive their bars, more columns may follow; they are left out.
    """

    name: str = "positional"
    rank: int = 45

    def recognises(self, table: Table) -> bool:
        """Say whether the table has this layout."""
        if not table.headerless:
            return False
        first = table.frame[table.columns[0]].drop_nulls()
        if first.str.contains(_EPOCH).all():
            return len(table.columns) > _WIDTHS[0]
        return first.str.contains(_DATE).all() and len(table.columns) - _times(table) in _WIDTHS

    def read(self, table: Table) -> Reading:
        """Return the rows in long form.

        Raises
        ------
        ValidationError
            The numbers do not stand in the order open, high, low, close in every row.
        """
        n_times = _times(table)
        times, values = table.columns[:n_times], table.columns[n_times:]
        fields = dict(zip(_FIELDS, values, strict=False))
        _refuse_other_order(table, fields)
        when = pl.concat_str([pl.col(name) for name in times], separator=" ").alias("ts")
        frame = table.frame.select(LINE, when, *(pl.col(column).alias(name) for name, column in fields.items()))
        found = ", ".join([*("date", "time")[:n_times], *fields])
        return Reading(frame, (f"no header: columns are {found} by their place",), tuple(values[len(fields) :]))


def _times(table: Table) -> int:
    second = table.frame[table.columns[1]].drop_nulls()
    first = table.frame[table.columns[0]].drop_nulls()
    apart = second.str.contains(_CLOCK_ONLY).all() and not first.str.contains(r"[ T]").any()
    return 2 if apart and len(table.columns) > _WIDTHS[1] else 1


def _refuse_other_order(table: Table, fields: dict[str, str]) -> None:
    comma = table.dialect.decimal == "," or table.dialect.separator == ";"
    text = (
        pl.col(column).str.replace(",", ".", literal=True) if comma else pl.col(column) for column in fields.values()
    )
    prices = table.frame.select(
        LINE, *(one.cast(pl.Float64, strict=False).alias(name) for name, one in zip(fields, text, strict=True))
    )
    bad = prices.filter(
        (pl.col("high") < pl.max_horizontal("open", "low", "close"))
        | (pl.col("low") > pl.min_horizontal("open", "high", "close"))
    )
    # A few bad bars are for the checks to find; many mean that the columns are something else.
    if 10 * bad.height > prices.height:
        raise ValidationError(
            f"{table.origin}: there is no header, and the numbers are not in the order open, high, low, close "
            f"({table.place} {bad[LINE][0]}, {bad.height} rows): write a header line (SCHEMA)",
            fix="augury data check FILE",
            code="SCHEMA",
        )


LAYOUT = Positional()
