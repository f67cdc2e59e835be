"""FLAT_VOLUME: no 30 volumes of 0 in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.data.findings import WARNING, CheckContext, Finding, before, by_symbol

RUN: Final = 30


@dataclass(frozen=True)
class FlatVolume:
    """A market without volume has null; zeros in a row are a feed without volume."""

    code: str = "FLAT_VOLUME"
    severity: str = WARNING
    ordered: bool = True

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Count runs of volumes of 0."""
        same = ((pl.col("volume") == 0) & (before("volume") == 0)).fill_null(value=False)
        runs = frame.with_columns((~same).cum_sum().over("symbol").alias("_run"))
        length = pl.len().over("symbol", "_run")
        long = runs.with_columns(length.alias("_length")).filter(pl.col("_length") >= RUN)
        return by_symbol(self, long, context, lambda row: f"{row['_length']} volumes of 0 in a row")


CHECK = FlatVolume()
