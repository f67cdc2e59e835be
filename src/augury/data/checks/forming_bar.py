"""FORMING_BAR: the last bar has closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol

RECENT: Final = timedelta(days=15)
"""No bar takes longer to close."""


@dataclass(frozen=True)
class FormingBar:
    """A bar that still moves is left out until its close and a grace have passed."""

    code: str = "FORMING_BAR"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Ask the calendar when each symbol's last bar closes."""
        if context.now is None or context.calendar is None or context.timeframe is None:
            return []
        moment = context.now - timedelta(minutes=context.grace_minutes)
        last = view.frame.group_by("symbol", maintain_order=True).tail(1)
        recent = last.filter(pl.col("ts").is_between(moment - RECENT, moment))
        forming = [ts for ts in recent["ts"].unique().sort().to_list() if _forms(ts, moment, context)]
        bad = recent.filter(pl.col("ts").is_in(forming)) if forming else recent.clear()
        return by_symbol(self, bad, context, lambda _: "has not closed yet; it is left out", apart=True)


def _forms(ts: datetime, moment: datetime, context: CheckContext) -> bool:
    if context.calendar is None or context.timeframe is None or not context.calendar.is_session(ts):
        return False
    return context.timeframe.closes_at(ts, context.calendar) > moment


CHECK = FormingBar()
