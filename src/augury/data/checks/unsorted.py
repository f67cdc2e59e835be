"""UNSORTED: rows come by symbol and time."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from augury.data.findings import WARNING, CheckContext, Finding, by_symbol
from augury.data.layouts import LINE


@dataclass(frozen=True)
class Unsorted:
    """Sorting repairs it, and is reported."""

    code: str = "UNSORTED"
    severity: str = WARNING
    ordered: bool = False

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Compare each row's key with the one above it."""
        keys = frame.select("symbol", "ts", *(name for name in (LINE,) if name in frame.columns))
        earlier = (pl.col("symbol") < pl.col("symbol").shift(1)) | (
            (pl.col("symbol") == pl.col("symbol").shift(1)) & (pl.col("ts") < pl.col("ts").shift(1))
        )
        bad = keys.filter(earlier)
        return by_symbol(self, bad, context, lambda _: "comes after a later bar; the rows are sorted")


CHECK = Unsorted()
