"""HALF_DAY: no bars after the early close of a short session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.data.checks._sessions import known_years, schedule_of
from augury.data.checks._view import DAY_US, BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol

LATE: Final = 0.5
"""Share of full sessions with bars after their close: such a feed has late trading."""


@dataclass(frozen=True)
class HalfDay:
    """Bars between an early close and the usual one are invented, or the calendar is not this market's."""

    code: str = "HALF_DAY"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare the bars of short sessions with their close; a feed with late trading is passed over."""
        calendar, timeframe = context.calendar, context.timeframe
        if calendar is None or timeframe is None or timeframe.minutes is None:
            return []
        asked = known_years(view)
        schedule = schedule_of(view, calendar)
        full = calendar.minutes_per_session
        if schedule.is_empty() or full >= 24 * 60:
            return []
        days, closes = schedule["session"].to_physical().to_numpy() // DAY_US, schedule["closes_at"].to_physical()
        short = schedule["minutes"].to_numpy() < full
        at = np.minimum(np.searchsorted(days, view.days), len(days) - 1)
        on = asked & (days[at] == view.days)
        after = on & (view.micros >= closes.to_numpy()[at])
        late = len(np.unique(view.days[after & ~short[at]])) > LATE * max(1, len(np.unique(view.days[on & ~short[at]])))
        bad = after & short[at]
        return (
            []
            if late
            else by_symbol(self, view.rows(bad), context, lambda _: f"{calendar.name} closed early on that day")
        )


CHECK = HalfDay()
