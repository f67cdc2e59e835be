"""The profile of activity over the day, and whether it moved by an hour for good.

Each week's profile is the mean range and the mean volume of each bar of the day, in terms of the
week's mean. Between the year before a week and the year after it, a moved clock changes the profile
into its own shift: the change D is near c times (shifted - profile) with c near 1. Whole years on
both sides cancel seasons and summer time. On real exchange rates c stays below 0.8.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from augury.core.typing import Floats, Ints
from augury.data.checks._view import BarsView

WEEKS: Final = 52
LEAST_SLOTS, MOST_SLOTS = 4, 24
SLOT_SHARE: Final = 0.8
FIT: Final = 0.7
"""Share of the change that a shift explains."""
AMOUNT: Final = (0.85, 1.5)
"""Hours of shift per hour planted, with noise."""
_HOUR_US: Final = 3_600_000_000
_WEEK_HOURS: Final = 168
_MONDAY: Final = 4 * 24
"""Hours from 1970-01-01, a Thursday, to the first Monday."""


def shift_of_activity(view: BarsView, number: int) -> tuple[int, float]:
    """Find the row from which the profile of one symbol is moved by an hour.

    Parameters
    ----------
    view : BarsView
        Intraday bars.
    number : int
        Number of the symbol.

    Returns
    -------
    (int, float)
        Row, -1 when there is none, and the shift in hours (1 or -1).
    """
    begin, end = int(view.starts[number]), int(view.ends[number])
    hours = view.micros[begin:end] // _HOUR_US - _MONDAY
    weeks, slots = hours // _WEEK_HOURS, hours % 24
    span = np.log(np.maximum(view.column("high")[begin:end] / view.column("low")[begin:end], 1.0))
    profiles = [_profile(weeks, slots, values) for values in (span, view.column("volume")[begin:end])]
    known = [profile for profile in profiles if profile is not None]
    if not known or len(known[0]) < 2 * WEEKS + 2:
        return -1, 0.0
    step = 24 / known[0].shape[1]
    at, hours_moved = _best(known, step)
    if at < 0:
        return -1, 0.0
    first = np.unique(weeks)[at]
    return begin + int(np.searchsorted(weeks, first)), hours_moved


def _profile(weeks: Ints, slots: Ints, values: Floats) -> Floats | None:
    """Mean of each slot in each week over the week's mean, ``(n_weeks, n_slots)``; None without activity."""
    used = np.flatnonzero(np.bincount(slots, minlength=24) > SLOT_SHARE * len(slots) / 24 * 0.8)
    steps = np.diff(used)
    if len(used) < LEAST_SLOTS or len(np.unique(np.append(steps, used[0] + 24 - used[-1]))) > 1:
        return None
    names, week = np.unique(weeks, return_inverse=True)
    column = np.searchsorted(used, slots)
    good = np.isfinite(values) & (column < len(used)) & (used[np.minimum(column, len(used) - 1)] == slots)
    shape = (len(names), len(used))
    place = week[good] * len(used) + column[good]
    total = np.bincount(place, values[good], minlength=shape[0] * shape[1]).reshape(shape)
    count = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    mean = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    level = np.nansum(mean, axis=1) / np.maximum(np.isfinite(mean).sum(axis=1), 1)
    if not (level > 0).all():
        return None
    relative = mean / level[:, None]
    usual = np.nanmedian(relative, axis=0)
    return np.asarray(np.where(np.isfinite(relative), relative, usual))


def _best(profiles: list[Floats], step: float) -> tuple[int, float]:
    """Week of the best fit of a shift, -1 when none is good enough, and its direction."""
    count = len(profiles[0]) - 2 * WEEKS + 1
    change, later, earlier = [], [], []
    for profile in profiles:
        windows = np.lib.stride_tricks.sliding_window_view(profile, WEEKS, axis=0)
        usual = np.median(windows, axis=-1)
        old, new = usual[:count], usual[WEEKS : WEEKS + count]
        scale = old.std(axis=1, keepdims=True)
        change.append((new - old) / scale)
        later.append((np.roll(old, 1, axis=1) - old) / step / scale)
        earlier.append((np.roll(old, -1, axis=1) - old) / step / scale)
    moved, best = np.hstack(change), (-1, 0.0, FIT)
    for sign, shifts in ((1.0, later), (-1.0, earlier)):
        towards = np.hstack(shifts)
        amount = (moved * towards).sum(axis=1) / (towards * towards).sum(axis=1)
        left = ((moved - amount[:, None] * towards) ** 2).sum(axis=1) / (moved * moved).sum(axis=1)
        fit = np.where((amount >= AMOUNT[0]) & (amount <= AMOUNT[1]), 1.0 - left, -1.0)
        at = int(np.argmax(fit))
        if fit[at] > best[2]:
            best = (at, sign, float(fit[at]))
    return (_edge(profiles, best[0] + WEEKS), best[1]) if best[0] >= 0 else (-1, 0.0)


def _edge(profiles: list[Floats], near: int) -> int:
    """The week near the best fit at which two means explain the profiles best."""
    low, high = near - WEEKS, min(near + WEEKS, len(profiles[0]))
    window = np.hstack([profile[low:high] / profile[low:high].std() for profile in profiles])
    left = [
        sum(float(((part - part.mean(axis=0)) ** 2).sum()) for part in (window[:at], window[at:]))
        for at in range(4, len(window) - 4)
    ]
    return low + 4 + int(np.argmin(left))
