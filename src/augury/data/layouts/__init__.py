"""The shapes in which bars arrive: one layout a file, each with a public ``LAYOUT``."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from augury.core.errors import UsageError
from augury.data.layouts._columns import settled
from augury.data.layouts._dialect import UNDECLARED, Dialect
from augury.data.layouts._doubled import settle_doubled
from augury.data.layouts._files import read_file, read_files
from augury.data.layouts._names import FIELDS
from augury.data.layouts._pandas import is_pandas, read_pandas
from augury.data.layouts._recognise import LAYOUTS, recognise
from augury.data.layouts._table import LINE, Layout, Reading, Table, numbered

__all__ = [
    "FIELDS",
    "LAYOUTS",
    "LINE",
    "UNDECLARED",
    "Dialect",
    "Layout",
    "Reading",
    "Table",
    "recognise",
    "table_of",
]


def table_of(x: object, dialect: Dialect = UNDECLARED) -> Table:
    """Take in a polars or pandas frame or series, an Arrow table, or a file.

    Parameters
    ----------
    x : frame, series, table or path
        Several paths are read as one table. Columns whose names are misspelt beyond doubt are
        renamed, and said so in ``notes``.
    dialect : Dialect
        What is known about the text of a file.

    Raises
    ------
    UsageError
        Something else was given.
    ValidationError
        Two columns mean the same and differ (DUPLICATE_COLUMNS).

    Examples
    --------
    >>> table_of(pl.DataFrame({"date": ["2024-01-02"], "close": ["1.5"]})).columns
    ['date', 'close']
    """
    if isinstance(x, str | Path):
        return settled(read_file(Path(x), dialect))
    if isinstance(x, list | tuple) and x and all(isinstance(one, str | Path) for one in x):
        return settled(read_files([Path(one) for one in x], dialect))
    if is_pandas(x):
        return settled(read_pandas(x, dialect))
    if isinstance(x, pl.LazyFrame):
        x = x.collect()
    if not isinstance(x, pl.DataFrame) and hasattr(x, "__arrow_c_stream__"):
        x = pl.DataFrame(x)
    if isinstance(x, pl.DataFrame):
        return settled(settle_doubled(Table(numbered(x), dialect=dialect), x.columns))
    raise UsageError(f"bars come as a polars or pandas frame or as a path, not as {type(x).__name__}")
