"""DUPLICATE: no bar is there twice."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from augury.data.findings import WARNING, CheckContext, Finding, by_symbol
from augury.data.layouts import LINE


@dataclass(frozen=True)
class Duplicate:
    """Identical rows are dropped, and it is reported."""

    code: str = "DUPLICATE"
    severity: str = WARNING
    ordered: bool = False

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Count rows that are equal to an earlier one."""
        values = [name for name in frame.columns if name != LINE]
        bad = frame.filter(~pl.struct(values).is_first_distinct())
        return by_symbol(self, bad, context, lambda _: "is there twice; the copy is dropped")


CHECK = Duplicate()
