"""WRONG_TZ: intraday bars lie in the hours in which the market trades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.data.checks._hours import stretches_of
from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, of_symbol

LEAST_STRETCHES: Final = 8
SHARE: Final = 0.7
LEAST_MINUTES: Final = 60


@dataclass(frozen=True)
class WrongTz:
    """Local times read as UTC begin and end hours beside the market's own, by the same amount.

    A longer trading day (before the open, after the close) begins earlier and ends later: no finding.
    """

    code: str = "WRONG_TZ"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare the first and last bar of each stretch of trading with the calendar's hours."""
        calendar, timeframe = context.calendar, context.timeframe
        if calendar is None or timeframe is None or timeframe.minutes is None or calendar.name == "24/7":
            return []
        found, all_of = [], stretches_of(view, calendar, timeframe)
        for number in np.unique(all_of.series):
            mine = all_of.series == number
            first, last = all_of.opens[mine], all_of.closes[mine]
            begins, ends = float(np.median(first)), float(np.median(last))
            # A bar is as long as its grid: on h4 the first may begin up to a bar before the open.
            alike = abs(begins - ends) <= min(timeframe.minutes, 60) and min(abs(begins), abs(ends)) >= LEAST_MINUTES
            stable = np.mean((np.abs(first - begins) <= 60) & (np.abs(last - ends) <= 60)) >= SHARE
            if alike and stable and len(first) >= LEAST_STRETCHES:
                row = int(view.starts[number])
                hours = round(begins / 60)
                text = (
                    f"trading begins and ends {abs(hours)} h {'after' if hours > 0 else 'before'} the hours of "
                    f"{calendar.name}: the times are those of another zone"
                )
                size = int(view.ends[number] - row)
                found.append(of_symbol(self, context, view.frame["symbol"][row], size, view.frame["ts"][row], text))
        return found


CHECK = WrongTz()
