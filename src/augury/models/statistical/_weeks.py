"""When the bars ahead will open, read from the weeks already seen: no calendar of the market is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from augury.core.errors import InsufficientHistory
from augury.core.typing import Floats, Ints
from augury.models.series import Moments

_MONDAY: Final = np.datetime64("1970-01-05", "us")
WEEK_SECONDS: Final = 7 * 86_400
_SHARE_MIN: Final = 0.2
"""Share of the weeks in which a time must occur to be one of the regular ones."""


@dataclass(frozen=True)
class Weeks:
    """The regular times of the week at which bars open, in seconds from Monday 00:00 UTC, ascending.

    Examples
    --------
    >>> days = np.busday_offset(np.datetime64("2024-01-01"), np.arange(20)).astype("datetime64[us]")
    >>> weeks = Weeks.of(days)
    >>> len(weeks.seconds), str(weeks.ahead(days[4:5], 1)[0])[:10]
    (5, '2024-01-08')
    """

    seconds: tuple[int, ...]

    @classmethod
    def of(cls, ts: Moments) -> Self:
        """Learn them from the times of a series.

        Raises
        ------
        InsufficientHistory
            No time of the week comes back in a fifth of the weeks.
        """
        seconds = since_monday(ts)
        n_weeks = (seconds[-1] // WEEK_SECONDS) - (seconds[0] // WEEK_SECONDS) + 1
        times, counts = np.unique(seconds % WEEK_SECONDS, return_counts=True)
        regular = times[counts >= _SHARE_MIN * n_weeks]
        if not len(regular):
            raise InsufficientHistory(f"{len(ts)} bars over {n_weeks} weeks open at no regular time of the week")
        return cls(tuple(int(second) for second in regular))

    def ahead(self, ts: Moments, bars: int) -> Moments:
        """When the bar ``bars`` after each time opens in weeks without holidays."""
        regular = np.array(self.seconds)
        seconds = since_monday(ts)
        week, place = np.divmod(seconds, WEEK_SECONDS)
        # A time between two regular ones counts as the earlier.
        slot = np.searchsorted(regular, place, side="right") - 1 + bars
        there = (week + slot // len(regular)) * WEEK_SECONDS + regular[slot % len(regular)]
        opens: Moments = _MONDAY + there.astype("timedelta64[s]")
        return opens


def since_monday(ts: Moments) -> Ints:
    """Whole seconds since the Monday of the first week of 1970, ``(n,)``."""
    return ((ts - _MONDAY) // np.timedelta64(1, "s")).astype(np.int64)


def fourier(seconds: Ints, period_seconds: float, order: int) -> Floats:
    """Sines and cosines of 1 to ``order`` cycles a period, ``(n, 2 * order)``."""
    turns = 2 * np.pi * np.outer(seconds / period_seconds, np.arange(1, order + 1))
    return np.column_stack([np.sin(turns), np.cos(turns)])
