"""NON_FINITE: every price is there and finite."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import polars as pl

from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding, by_symbol

NUMBERS: Final[tuple[str, ...]] = ("open", "high", "low", "close", "volume", "adj_close")


@dataclass(frozen=True)
class NonFinite:
    """A missing price is an error unless the source is close-only; a missing volume is allowed."""

    code: str = "NON_FINITE"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look for NaN and infinity in every number, and for null in prices."""
        numbers = [name for name in NUMBERS if name in view.frame.columns]
        needed = ("close",) if context.close_only else ("open", "high", "low", "close")
        infinite = pl.any_horizontal(~pl.col(name).is_finite() for name in numbers)
        missing = pl.any_horizontal(pl.col(name).is_null() for name in needed)
        bad = view.frame.filter(infinite.fill_null(value=False) | missing)
        return by_symbol(self, bad, context, lambda row: _describe(row, numbers, needed), apart=True)


def _describe(row: dict[str, Any], numbers: list[str], needed: tuple[str, ...]) -> str:
    for name in numbers:
        if row[name] is None and name in needed:
            return f"{name} is missing"
        if row[name] is not None and not isfinite(row[name]):
            return f"{name} is {row[name]}"
    return "a price is missing"


CHECK = NonFinite()
