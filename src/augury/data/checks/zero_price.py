"""ZERO_PRICE: no price is 0."""

from __future__ import annotations

from dataclasses import dataclass

from augury.data.checks._prices import prices_where
from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding


@dataclass(frozen=True)
class ZeroPrice:
    """A zero is a missing value in disguise."""

    code: str = "ZERO_PRICE"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look at open, high, low, close and adj_close."""
        return prices_where(self, view, context, lambda price: price == 0)


CHECK = ZeroPrice()
