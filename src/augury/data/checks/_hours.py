"""Where the stretches of trading of an intraday series begin and end, against the hours of the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.timeframe import Timeframe
from augury.core.typing import Ints
from augury.data.calendar import MarketCalendar
from augury.data.checks._sessions import known_years
from augury.data.checks._view import BarsView

REST_MINUTES: Final = 6 * 60
"""A pause that parts two stretches: a night or a weekend, no lunch break."""
NEAREST_MINUTES: Final = 13 * 60
_MINUTE_US: Final = 60_000_000


@dataclass(frozen=True)
class Stretches:
    """Stretches of trading of all symbols, in order.

    Parameters
    ----------
    series : np.ndarray
        Number of the symbol.
    rows : np.ndarray
        First row.
    opens, closes : np.ndarray
        Minutes from the nearest open of the calendar to the first bar, and from the nearest close to the
        end of the last one.
    """

    series: Ints
    rows: Ints
    opens: Ints
    closes: Ints


def stretches_of(view: BarsView, calendar: MarketCalendar, timeframe: Timeframe) -> Stretches:
    """Measure every stretch against the calendar's hours; worked out once for each view.

    Parameters
    ----------
    view : BarsView
        Intraday bars.
    calendar : MarketCalendar
        One with closing hours.
    timeframe : Timeframe
        Length of a bar.
    """
    name = f"{__name__} {calendar.name} {timeframe}"
    if name not in view.kept:
        view.kept[name] = _measure(view, calendar, (timeframe.minutes or 0) * _MINUTE_US)
    found = view.kept[name]
    assert isinstance(found, Stretches)
    return found


def _measure(view: BarsView, calendar: MarketCalendar, length: int) -> Stretches:
    rest = np.diff(view.micros, prepend=view.micros[:1]) > REST_MINUTES * _MINUTE_US
    starts = np.flatnonzero(view.first | rest)
    ends = np.append(starts[1:], view.frame.height) - 1
    asked = known_years(view)[starts]
    starts, ends = starts[asked], ends[asked]
    nothing = np.zeros(0, dtype=np.int64)
    if not len(starts):
        return Stretches(nothing, nothing, nothing, nothing)
    _, table = calendar.places(view.micros[[starts[0], ends[-1]]] if len(view.starts) == 1 else view.micros)
    # Sessions that follow each other without a rest are one stretch of the calendar.
    apart = table.opens[1:] - table.closes[:-1] > REST_MINUTES * _MINUTE_US
    opens, closes = table.opens[np.append(True, apart)], table.closes[np.append(apart, True)]
    first = _nearest(view.micros[starts], opens)
    last = _nearest(view.micros[ends] + length, closes)
    near = (np.abs(first) <= NEAREST_MINUTES) & (np.abs(last) <= NEAREST_MINUTES)
    return Stretches(view.series[starts][near], starts[near].astype(np.int64), first[near], last[near])


def _nearest(moments: Ints, marks: Ints) -> Ints:
    """Minutes from the nearest mark."""
    at = np.clip(np.searchsorted(marks, moments), 1, len(marks) - 1)
    below, above = moments - marks[at - 1], moments - marks[at]
    return np.asarray(np.where(np.abs(below) <= np.abs(above), below, above) // _MINUTE_US, dtype=np.int64)
