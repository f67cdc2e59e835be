"""Whose bars the rows are: one ill-formed name does not make the others unreadable."""

from __future__ import annotations

import polars as pl

from augury.core.bars import check_symbol
from augury.core.errors import UnknownName, UsageError, ValidationError
from augury.data.layouts import LINE, Table


def name_rows(
    frame: pl.DataFrame, symbol: str | None, table: Table
) -> tuple[pl.DataFrame, tuple[tuple[str, int, str], ...]]:
    """Give each row its symbol; rows of symbols that are not well formed are taken out and listed.

    Parameters
    ----------
    frame : pl.DataFrame
        With ``_line`` and, where the layout names symbols, ``symbol``.
    symbol : str or None
        Name of the bars where the layout names none.
    table : Table
        Gives messages the name of the file and the place of a row.

    Returns
    -------
    (pl.DataFrame, tuple of (str, int, str))
        ``symbol`` as text; then each symbol left out, its rows and the reason. Nothing is renamed.

    Raises
    ------
    ValidationError
        A row without symbol, or no well-formed symbol at all (SCHEMA).
    UsageError
        No symbol is named and none was given.
    """
    if "symbol" not in frame.columns:
        if symbol is None:
            raise UsageError(
                f"{table.origin}: no column names the symbol, and none was given",
                fix="augury data import FILE --symbol SYMBOL",
            )
        return frame.with_columns(pl.lit(check_symbol(symbol)).alias("symbol")), ()
    if frame["symbol"].null_count():
        absent = frame.filter(pl.col("symbol").is_null())
        raise ValidationError(
            f"{table.origin} {table.place} {absent[LINE][0]}: the symbol is missing (SCHEMA)",
            fix="augury data check FILE",
            code="SCHEMA",
        )
    names = frame["symbol"].unique(maintain_order=True).cast(pl.String).to_list()
    reasons = {name: reason for name in names if (reason := _ill_formed(name)) is not None}
    frame = frame.with_columns(pl.col("symbol").cast(pl.String))
    if not reasons:
        return frame, ()
    bad = frame.filter(pl.col("symbol").is_in(list(reasons)))
    if bad.height == frame.height:
        raise ValidationError(
            f"{table.origin} {table.place} {bad[LINE][0]}: {reasons[names[0]]}, and no other symbol is there (SCHEMA)",
            fix="augury data check FILE",
            code="SCHEMA",
        )
    counts = dict(bad.group_by("symbol").len().iter_rows())
    refused = tuple((name, counts[name], reason) for name, reason in reasons.items())
    return frame.filter(~pl.col("symbol").is_in(list(reasons))), refused


def _ill_formed(name: str) -> str | None:
    try:
        check_symbol(name)
    except UnknownName as error:
        return error.message
    return None
