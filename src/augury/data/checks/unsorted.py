"""UNSORTED: rows come by symbol and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol, of_symbol

MANY: Final = 20
"""Symbols above which one finding is made for the file."""


@dataclass(frozen=True)
class Unsorted:
    """Sorting repairs it, and is reported."""

    code: str = "UNSORTED"
    severity: str = WARNING
    ordered: bool = False

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare each row's key with the one above it."""
        if view.tidy[0]:
            return []
        earlier = (pl.col("symbol") < pl.col("symbol").shift(1)) | (
            (pl.col("symbol") == pl.col("symbol").shift(1)) & (pl.col("ts") < pl.col("ts").shift(1))
        )
        bad = view.frame.filter(earlier)
        symbols = bad["symbol"].n_unique()
        if symbols > MANY:
            text = f"{bad.height} rows of {symbols} symbols come after a later bar; the rows are sorted"
            return [of_symbol(self, context, "", bad.height, bad["ts"][0], text)]
        return by_symbol(self, bad, context, lambda _: "comes after a later bar; the rows are sorted")


CHECK = Unsorted()
