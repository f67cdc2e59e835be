"""NEG_VOLUME: no volume is below 0."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding, by_symbol


@dataclass(frozen=True)
class NegVolume:
    """A market without volume has null, never a negative number."""

    code: str = "NEG_VOLUME"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look at volume."""
        bad = view.frame.filter(pl.col("volume") < 0)
        return by_symbol(self, bad, context, lambda row: f"volume is {row['volume']}", apart=True)


CHECK = NegVolume()
