"""MISDATED: daily bars carry the dates of their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from augury.core.timeframe import Timeframe
from augury.core.typing import Bools, Ints
from augury.data.calendar import MarketCalendar
from augury.data.checks._sessions import known_years, session_days
from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding, by_symbol

HOLE_DAYS: Final = 45
"""Days without a bar that part two blocks."""
CLOSED: Final = 0.1
"""Share of a block on closed days; holidays of a market judged by another's calendar stay below."""
LEAST: Final = 5
FITS: Final = 0.03
YEARS: Final = 10
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True)
class Misdated:
    """A block of bars with wrong dates falls on weekends; another year, or the day beside, puts it right again."""

    code: str = "MISDATED"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Look at each block between long holes: does it lie on sessions, and would it with other dates?"""
        calendar = context.calendar
        if calendar is None or context.timeframe is not Timeframe.D1 or calendar.name == "24/7":
            return []
        closed = (session_days(view, calendar, context.timeframe) < 0) & known_years(view)
        found = []
        for begin, end in _suspects(view, closed):
            note = _explanation(view, calendar, begin, end)
            if note:
                found += by_symbol(self, view.rows(np.arange(begin, end)), context, lambda _, n=note: n, apart=True)  # type: ignore[misc]
        return found


def _suspects(view: BarsView, closed: Bools) -> list[tuple[int, int]]:
    """First and last row (excluded) of the blocks of which too much lies on closed days."""
    holes = np.diff(view.days, prepend=view.days[:1]) > HOLE_DAYS
    starts = np.flatnonzero(view.first | holes)
    ends = np.append(starts[1:], view.frame.height)
    share = np.add.reduceat(closed.astype(np.int64), starts) / (ends - starts) if len(starts) else starts
    return [
        (int(begin), int(end))
        for begin, end, part in zip(starts, ends, share, strict=True)
        if part > CLOSED and end - begin >= LEAST
    ]


def _explanation(view: BarsView, calendar: MarketCalendar, begin: int, end: int) -> str:
    days = view.days[begin:end]
    away = f"{np.mean((days + 3) % 7 >= 5):.0%} of its bars lie on weekends"
    for shift in (1, -1):
        if _closed(days + shift, calendar) < FITS:
            return f"{away}; {'a day later' if shift > 0 else 'a day earlier'} all would be sessions"
    for years in (*range(-1, -YEARS - 1, -1), *range(1, YEARS + 1)):
        if _closed(_moved(days, years), calendar) < FITS:
            when = f"{abs(years)} years {'earlier' if years < 0 else 'later'}"
            return f"{away}; {when} all would be sessions"
    return ""


def _closed(days: Ints, calendar: MarketCalendar) -> float:
    first, last = (_EPOCH + timedelta(days=int(day)) for day in (days.min(), days.max()))
    if first.year < 1960 or last.year > 2090:
        return 1.0
    sessions = calendar.sessions(first, last).dt.epoch("d").to_numpy()
    return float(np.mean(~np.isin(days, sessions)))


def _moved(days: Ints, years: int) -> Ints:
    """The same month and day in another year (29 February becomes 1 March)."""
    dates = days.astype("datetime64[D]")
    year = dates.astype("datetime64[Y]")
    begins = (year + years).astype("datetime64[D]")
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    in_month = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    moved = (begins.astype("datetime64[M]") + month).astype("datetime64[D]") + in_month
    return np.asarray(moved.astype(np.int64))


CHECK = Misdated()
