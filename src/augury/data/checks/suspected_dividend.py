"""SUSPECTED_DIVIDEND: no unadjusted dividend, and none counted twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.timeframe import Timeframe
from augury.core.typing import Ints
from augury.data.checks._view import BarsView, logarithm, middle
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol, of_symbol

GAP: Final = (-0.2, -0.02)
"""Open against the close before, as a share, that a dividend makes."""
UNUSUAL: Final = 5.0
"""Times the usual gap."""
QUIET: Final = 1.5
"""Times the usual volume; an earnings day trades more."""
PERIODS: Final = ((91, 8), (182, 10), (365, 12))
"""Days between ex-dates, and how far they wander."""
LEAST_DATES: Final = 3
TWICE_DAYS: Final = 7
LEAST_YIELD: Final = 0.002
SAME: Final = 0.1
_USUAL: Final = 60


@dataclass(frozen=True)
class SuspectedDividend:
    """Falls at the open that come back each quarter or year on a quiet day are dividends.

    Where adj_close tells the dividends, two of one size within a week are one counted twice.
    """

    code: str = "SUSPECTED_DIVIDEND"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look for dates that repeat, or for equal dividends close to each other."""
        if context.timeframe is not Timeframe.D1:
            return []
        return self._twice(view, context) if "adj_close" in view.frame.columns else self._repeating(view, context)

    def _twice(self, view: BarsView, context: CheckContext) -> list[Finding]:
        factor = logarithm(view.column("adj_close")) - view.log_close
        paid = factor - view.shifted(factor)
        rows = np.flatnonzero((paid > LEAST_YIELD) & (paid < -np.log1p(GAP[0])))
        first, second = rows[:-1], rows[1:]
        near = (view.days[second] - view.days[first] <= TWICE_DAYS) & (view.series[first] == view.series[second])
        alike = np.abs(paid[first] - paid[second]) < SAME * paid[first]
        return by_symbol(
            self,
            view.rows(second[near & alike]),
            context,
            lambda _: "a dividend like that of some days before: counted twice?",
        )

    def _repeating(self, view: BarsView, context: CheckContext) -> list[Finding]:
        rows = np.flatnonzero((view.gap > np.log1p(GAP[0])) & (view.gap < np.log1p(GAP[1])))
        usual = middle(np.abs(view.around(view.gap, rows, -_USUAL, 0)), least=20)
        volume = middle(view.around(view.column("volume"), rows, -20, 0), least=5)
        quiet = ~(view.column("volume")[rows] > QUIET * volume)
        rows = rows[(-view.gap[rows] > UNUSUAL * usual) & quiet]
        found = []
        for number in np.unique(view.series[rows]):
            mine = rows[view.series[rows] == number]
            dates = _chain(view.days[mine])
            if len(dates) >= LEAST_DATES:
                row = int(mine[dates[0]])
                text = f"the open falls {len(dates)} times at the same distance in time, on usual volume: dividends?"
                found.append(
                    of_symbol(self, context, view.frame["symbol"][row], len(dates), view.frame["ts"][row], text)
                )
        return found


def _chain(days: Ints) -> list[int]:
    """Positions of the longest chain of days one period apart."""
    best: list[int] = []
    for period, wander in PERIODS:
        for start in range(len(days)):
            chain = [start]
            while (following := np.flatnonzero(np.abs(days - days[chain[-1]] - period) <= wander)).size:
                chain.append(int(following[0]))
            best = chain if len(chain) > len(best) else best
    return best


CHECK = SuspectedDividend()
