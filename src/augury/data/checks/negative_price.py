"""NEGATIVE_PRICE: no price is below 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from augury.data.findings import ERROR, CheckContext, Finding, by_symbol

PRICES: Final[tuple[str, ...]] = ("open", "high", "low", "close", "adj_close")


@dataclass(frozen=True)
class NegativePrice:
    """Prices of the assets Augury knows are above 0."""

    code: str = "NEGATIVE_PRICE"
    severity: str = ERROR
    ordered: bool = True

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Look at open, high, low, close and adj_close."""
        names = [name for name in PRICES if name in frame.columns]
        bad = frame.filter(pl.any_horizontal(pl.col(name) < 0 for name in names))
        return by_symbol(self, bad, context, lambda row: _describe(row, names))


def _describe(row: dict[str, Any], names: list[str]) -> str:
    bad = next(name for name in names if row[name] is not None and row[name] < 0)
    return f"{bad} is {row[bad]}"


CHECK = NegativePrice()
