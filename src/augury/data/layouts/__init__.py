"""The shapes in which bars arrive: one layout a file, each with a public ``LAYOUT``."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from augury.core.catalog import Catalog
from augury.core.errors import UsageError, ValidationError
from augury.data.layouts._files import read_file
from augury.data.layouts._names import FIELDS
from augury.data.layouts._pandas import is_pandas, read_pandas
from augury.data.layouts._table import LINE, Layout, Reading, Table, numbered

LAYOUTS: Catalog[Layout] = Catalog("layout", ("augury.data.layouts",), "LAYOUT")

__all__ = ["FIELDS", "LAYOUTS", "LINE", "Layout", "Reading", "Table", "recognise", "table_of"]


def table_of(x: object) -> Table:
    """Take in a polars or pandas frame or series, or a file.

    Raises
    ------
    UsageError
        Something else was given.
    ValidationError
        Two columns have the same name.

    Examples
    --------
    >>> table_of(pl.DataFrame({"date": ["2024-01-02"], "close": ["1.5"]})).columns
    ['date', 'close']
    """
    if isinstance(x, str | Path):
        return read_file(Path(x))
    if isinstance(x, pl.DataFrame):
        return Table(numbered(x))
    if is_pandas(x):
        return read_pandas(x)
    raise UsageError(f"bars come as a polars or pandas frame or as a path, not as {type(x).__name__}")


def recognise(table: Table) -> Layout:
    """Find the layout of a table; the most particular one wins.

    Raises
    ------
    ValidationError
        None fits: lists the columns found and the columns needed.

    Examples
    --------
    >>> recognise(table_of(pl.DataFrame({"Date": ["2024-01-02"], "AAA": ["1.5"], "BBB": ["2.5"]}))).name
    'wide'
    """
    for layout in sorted((layout for _, layout in LAYOUTS), key=lambda layout: layout.rank):
        if layout.recognises(table):
            return layout
    found = ", ".join(repr(name[:24]) for name in table.columns[:16]) or "none"
    raise ValidationError(
        f"{table.origin}: columns found: {found}; needed: a time (ts, date, ds …) and open, high, low, close "
        "(volume, symbol), or dates x symbols (SCHEMA)",
        fix="augury data check FILE",
        code="SCHEMA",
    )
