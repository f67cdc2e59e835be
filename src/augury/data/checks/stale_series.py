"""STALE_SERIES: no 30 equal closes in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from augury.data.checks._runs import run_lengths
from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol

RUN: Final = 30


@dataclass(frozen=True)
class StaleSeries:
    """A feed that repeats itself has stopped."""

    code: str = "STALE_SERIES"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Count runs of equal closes."""
        long = run_lengths(view, view.column("close") == view.before) >= RUN
        return by_symbol(self, view.rows(long), context, lambda _: f"{RUN} or more equal closes in a row")


CHECK = StaleSeries()
