"""Which layout a table has; the most particular one wins."""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from augury.core.catalog import Catalog
from augury.core.errors import UsageError, ValidationError
from augury.core.suggestion import did_you_mean
from augury.data.layouts._names import FIELDS, TIME_NAMES, field_columns, first_named, plain, slips
from augury.data.layouts._table import Layout, Table

LAYOUTS: Catalog[Layout] = Catalog("layout", ("augury.data.layouts",), "LAYOUT")
_NEEDED: Final = ("open", "high", "low", "close")


def claims(table: Table) -> bool:
    """Say whether some layout claims the table."""
    return _layout(table) is not None


def recognise(table: Table) -> Layout:
    """Find the layout of a table; the most particular one wins.

    Raises
    ------
    ValidationError
        None fits: lists the columns found, the columns needed and the near misses.
    UsageError
        The rows are windows of bars, not bars.

    Examples
    --------
    >>> from augury.data.layouts import table_of
    >>> recognise(table_of(pl.DataFrame({"Date": ["2024-01-02"], "AAA": ["1.5"], "BBB": ["2.5"]}))).name
    'wide'
    """
    _refuse_windows(table)
    layout = _layout(table)
    if layout is not None:
        return layout
    found = ", ".join(repr(name[:24]) for name in table.columns[:16]) or "none"
    found = f"{len(table.columns)} without a header line" if table.headerless else found
    raise ValidationError(
        f"{table.origin}: columns found: {found}; needed: a time (ts, date, ds …) and open, high, low, close "
        f"(volume, symbol), or dates x symbols{_near_misses(table)} (SCHEMA)",
        fix="augury data check FILE",
        code="SCHEMA",
    )


def _layout(table: Table) -> Layout | None:
    return next((layout for layout in _ordered() if layout.recognises(table)), None)


@cache
def _ordered() -> tuple[Layout, ...]:
    return tuple(sorted((layout for _, layout in LAYOUTS), key=lambda layout: layout.rank))


def _refuse_windows(table: Table) -> None:
    windows = table.frame.schema.get("features")
    if isinstance(windows, pl.List | pl.Array):
        raise UsageError(
            f"{table.origin} holds windows of bars, one a row (column features: {windows}), not bars: "
            "augury.labels.windows.files.read_windows reads them",
            fix="augury windows --help",
            code="WINDOWS",
        )


def _near_misses(table: Table) -> str:
    _, unclear = slips(table.columns)
    if unclear:
        return f"; {'; '.join(unclear)}"
    names = [plain(name) for name in table.columns]
    fields = field_columns(table.columns)
    missing = [name for name in _NEEDED if name not in fields]
    if first_named(table.columns, TIME_NAMES) is None:
        missing.append("date")
    near = []
    for written, name in zip(table.columns, names, strict=True):
        hint = did_you_mean(name, missing) if name not in FIELDS else ""
        if hint:
            near.append(f"'{written}'{hint}")
    return f"; {'; '.join(near)}" if near else ""
