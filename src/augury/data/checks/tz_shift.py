"""TZ_SHIFT: the clock of an intraday file is one clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.clock import iso
from augury.core.typing import Ints
from augury.data.checks._activity import shift_of_activity
from augury.data.checks._hours import stretches_of
from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding, of_symbol

SIDE: Final = 8
"""Stretches of trading needed on either side."""
WINDOW: Final = 20
SHARE: Final = 0.7
STEP_MINUTES: Final = 30


@dataclass(frozen=True)
class TzShift:
    """A file whose times move by whole hours for good at a date was put together from two clocks.

    Two signs are looked for: the first and the last bar of each trading day (or week) move by the same
    amount against the calendar; or, where trading never rests, the profile of activity over the day
    (ranges and volumes) moves by an hour between one year and the next.
    """

    code: str = "TZ_SHIFT"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look for one lasting move of the clock in each symbol."""
        if context.timeframe is None or context.timeframe.minutes is None:
            return []
        found = []
        for number, begin in enumerate(view.starts.tolist()):
            row, hours = self._moved(view, number, context)
            if row < 0:
                row, hours = shift_of_activity(view, number)
            if row >= 0:
                size, ts = int(view.ends[number]) - row, view.frame["ts"][row]
                way = "later" if hours > 0 else "earlier"
                text = f"from about {iso(ts)} on the same hours of trading are {abs(hours):g} h {way} on the clock"
                found.append(of_symbol(self, context, view.frame["symbol"][begin], size, ts, text))
        return found

    def _moved(self, view: BarsView, number: int, context: CheckContext) -> tuple[int, float]:
        calendar, timeframe = context.calendar, context.timeframe
        if calendar is None or timeframe is None or calendar.name == "24/7":
            return -1, 0.0
        all_of = stretches_of(view, calendar, timeframe)
        mine = all_of.series == number
        rows, first, last = all_of.rows[mine], all_of.opens[mine], all_of.closes[mine]
        moves = [
            (at, step)
            for at in (np.flatnonzero(np.abs(np.diff(first)) >= STEP_MINUTES) + 1).tolist()
            if (step := _step(first, last, at))
        ]
        # A calendar with another summer time than the file moves to and fro: that is no shift.
        if len(moves) != 1 or np.mean(first[moves[0][0] :] == np.median(first[moves[0][0] :])) < SHARE:
            return -1, 0.0
        return int(rows[moves[0][0]]), moves[0][1] / 60


def _step(first: Ints, last: Ints, at: int) -> int:
    """Minutes by which both ends move at a stretch, 0 when they do not move alike."""
    if min(at, len(first) - at) < SIDE:
        return 0
    steps = []
    for values in (first, last):
        before, after = values[max(0, at - WINDOW) : at], values[at : at + WINDOW]
        usual, new = int(np.median(before)), int(np.median(after))
        if min(np.mean(before == usual), np.mean(after == new)) < SHARE:
            return 0
        steps.append(new - usual)
    return steps[0] if steps[0] == steps[1] and steps[0] % STEP_MINUTES == 0 else 0


CHECK = TzShift()
