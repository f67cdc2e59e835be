"""FUTURE_BAR: no bar lies after now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from augury.core.clock import iso
from augury.core.timeframe import Timeframe
from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding, by_symbol

AHEAD: Final = timedelta(hours=14)
"""A new day begins first in the zone UTC+14."""


@dataclass(frozen=True)
class FutureBar:
    """A bar from the future is a wrong date or a leak."""

    code: str = "FUTURE_BAR"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare ts with now; a date may be ahead of UTC by 14 hours."""
        if context.now is None:
            return []
        ahead = AHEAD if context.timeframe in (Timeframe.D1, Timeframe.W1) else timedelta(0)
        bad = view.frame.filter(pl.col("ts") > context.now + ahead)
        now = iso(context.now)
        return by_symbol(self, bad, context, lambda _: f"is after now, {now}", apart=True)


CHECK = FutureBar()
