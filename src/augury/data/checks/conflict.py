"""CONFLICT: one bar has one set of values."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from augury.data.findings import ERROR, CheckContext, Finding, by_symbol


@dataclass(frozen=True)
class Conflict:
    """Which of two different bars is right cannot be known: neither first nor last is taken."""

    code: str = "CONFLICT"
    severity: str = ERROR
    ordered: bool = True

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Look for equal keys among the rows that are not identical."""
        bad = frame.filter(pl.struct("symbol", "ts").is_duplicated())
        return by_symbol(self, bad, context, lambda row: f"is there again with other values (close {row['close']})")


CHECK = Conflict()
