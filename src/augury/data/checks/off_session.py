"""OFF_SESSION: every bar lies on a session of the calendar."""

from __future__ import annotations

from dataclasses import dataclass

from augury.data.checks._sessions import known_years, session_days
from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol


@dataclass(frozen=True)
class OffSession:
    """A bar on a closed day is misdated, or the calendar is not this market's."""

    code: str = "OFF_SESSION"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look each day up in the calendar."""
        if context.calendar is None or context.timeframe is None:
            return []
        closed = (session_days(view, context.calendar, context.timeframe) < 0) & known_years(view)
        name = context.calendar.name
        return by_symbol(self, view.rows(closed), context, lambda _: f"{name} is closed on that day")


CHECK = OffSession()
