"""NEGATIVE_PRICE: no price is below 0."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from augury.data.checks._prices import prices_where
from augury.data.findings import ERROR, CheckContext, Finding


@dataclass(frozen=True)
class NegativePrice:
    """Prices of the assets Augury knows are above 0."""

    code: str = "NEGATIVE_PRICE"
    severity: str = ERROR
    ordered: bool = True

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Look at open, high, low, close and adj_close."""
        return prices_where(self, frame, context, lambda price: price < 0)


CHECK = NegativePrice()
