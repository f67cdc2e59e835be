"""STALE_SERIES: no 30 equal closes in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.data.findings import WARNING, CheckContext, Finding, before, by_symbol

RUN: Final = 30


@dataclass(frozen=True)
class StaleSeries:
    """A feed that repeats itself has stopped."""

    code: str = "STALE_SERIES"
    severity: str = WARNING
    ordered: bool = True

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Count runs of equal closes."""
        same = (pl.col("close") == before("close")).fill_null(value=False)
        runs = frame.with_columns((~same).cum_sum().over("symbol").alias("_run"))
        length = pl.len().over("symbol", "_run")
        long = runs.with_columns(length.alias("_length")).filter(pl.col("_length") >= RUN)
        return by_symbol(self, long, context, lambda row: f"{row['_length']} equal closes in a row")


CHECK = StaleSeries()
