"""GAP: no bar is missing by the market's calendar."""

from __future__ import annotations

from dataclasses import dataclass

from augury.core.clock import iso
from augury.data.checks._sessions import missing_bars
from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, of_symbol


@dataclass(frozen=True)
class Gap:
    """Holidays, closures, half days and lunch breaks are no gaps; a gap is never filled."""

    code: str = "GAP"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare the bars with the calendar between a symbol's first and last bar."""
        if context.calendar is None or context.timeframe is None:
            return []
        found = []
        for symbol, expected, missing, holes, after in missing_bars(view, context.calendar, context.timeframe).rows():
            if missing:
                stretches = f" in {holes} stretches" if holes > 1 else ""
                text = f"{missing} of {expected} bars missing{stretches}, first after {iso(after)}"
                found.append(of_symbol(self, context, symbol, missing, after, text))
        return found


CHECK = Gap()
