"""OHLC_ORDER: low <= open, close <= high."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding, by_symbol

TOLERANCE: Final = 1e-6
"""Share of the close that rounding and adjusting may be off by."""


@dataclass(frozen=True)
class OhlcOrder:
    """A bar whose high is not its highest price was put together wrongly."""

    code: str = "OHLC_ORDER"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare high and low with the other prices; rows with a price of 0 or less have a finding of their own."""
        top = pl.max_horizontal("open", "low", "close")
        bottom = pl.min_horizontal("open", "high", "close")
        positive = pl.min_horizontal("open", "high", "low", "close") > 0
        slack = TOLERANCE * pl.col("close").abs()
        high, low = top - pl.col("high") > slack, pl.col("low") - bottom > slack
        bad = view.frame.filter(positive & (high | low))
        return by_symbol(self, bad, context, _describe, apart=True)


def _describe(row: dict[str, Any]) -> str:
    for name in ("open", "close", "low"):
        if row["high"] < row[name]:
            return f"high {row['high']} < {name} {row[name]}"
    name = "open" if row["low"] > row["open"] else "close"
    return f"low {row['low']} > {name} {row[name]}"


CHECK = OhlcOrder()
