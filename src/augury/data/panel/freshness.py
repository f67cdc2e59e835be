"""How old a bar is at a moment: when it became known, and how many bars its own market made since.

    known  = closing_of(bars.frame, bars.timeframe, bars.calendar)
    missed = missed_bars(known, moments, bars.timeframe, bars.calendar)

A bar of Tokyo that is twenty hours old on a Tokyo holiday is fresh; one that is two hours old while
its exchange made another without it is not. So age counts in the market's own bars.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast

import numpy as np
import polars as pl

from augury.core.clock import iso
from augury.core.errors import DataError
from augury.core.timeframe import Timeframe
from augury.core.typing import Ints
from augury.data.calendar import market_calendar
from augury.data.calendar.availability import known_at
from augury.data.calendar.openings import bar_opens

_MINUTE_US: Final = 60_000_000
_AROUND: Final = timedelta(days=8)
"""A week is one bar: the one around either end must be whole."""


def closing_of(frame: pl.DataFrame, timeframe: Timeframe, calendar: str) -> pl.Series:
    """Return when each bar of a frame is known: its close, on half days too; none is null.

    Parameters
    ----------
    frame : pl.DataFrame
        With ``symbol`` and ``ts``, the opens of bars in UTC.
    timeframe : Timeframe
        Length of the bars.
    calendar : str
        Name of their market's calendar.

    Raises
    ------
    DataError
        A daily or weekly bar lies on no session: nobody can say when it was known.
    """
    known = known_at(frame["ts"], timeframe, calendar)
    if known.null_count():
        row = int(known.is_null().arg_max() or 0)
        raise DataError(
            f"{frame['symbol'][row]}: the {timeframe} bar of {iso(frame['ts'][row])} lies on no session of {calendar}, "
            "so nobody can say when it was known",
            fix="augury data check FILE",
            symbol=frame["symbol"][row],
        )
    return known


def missed_bars(known: pl.Series, moments: pl.Series, timeframe: Timeframe, calendar: str) -> Ints:
    """Count the bars a market made after one was known and up to a moment: 0 means nothing newer could exist.

    Parameters
    ----------
    known : pl.Series
        When each bar was known, UTC, none null.
    moments : pl.Series
        The present of each row, UTC, same length, not before ``known``.
    timeframe : Timeframe
        Length of the bars. Daily and weekly ones are counted by closes; intraday ones by whole bar
        lengths of trading time, less one lunch break, so that a vendor's own grid never looks late.
    calendar : str
        Name of the market's calendar.

    Returns
    -------
    Ints
        At least 0.

    Examples
    --------
    >>> from datetime import UTC
    >>> friday = pl.Series([datetime(2018, 12, 28, 21, tzinfo=UTC)])
    >>> monday = pl.Series([datetime(2018, 12, 31, 20, 59, tzinfo=UTC)])
    >>> [int(missed_bars(friday, monday, frame, "XNYS")[0]) for frame in (Timeframe.D1, Timeframe.H1)]
    [0, 6]
    """
    if known.is_empty():
        return np.empty(0, dtype=np.int64)
    first, last = cast(datetime, known.min()) - _AROUND, cast(datetime, moments.max()) + _AROUND
    after, now = _micros(known), _micros(moments)
    if timeframe.minutes is None:
        due = _micros(known_at(bar_opens(timeframe, calendar, first, last)["ts"], timeframe, calendar))
        return np.searchsorted(due, now, side="right") - np.searchsorted(due, after, side="right")
    schedule = market_calendar(calendar).schedule(first, last)
    opens, minutes = _micros(schedule["opens_at"]), schedule["minutes"].to_numpy()
    pause = int(((_micros(schedule["closes_at"]) - opens) // _MINUTE_US - minutes).max())
    elapsed = _traded(now, opens, minutes) - _traded(after, opens, minutes)
    late: Ints = np.maximum(elapsed - pause, 0) // timeframe.minutes
    return late


def _traded(moments: Ints, opens: Ints, minutes: Ints) -> Ints:
    """Minutes traded since the schedule began; a lunch break is taken from the session's end."""
    before = np.concatenate([[0], np.cumsum(minutes)])
    at = np.searchsorted(opens, moments, side="right") - 1
    traded: Ints = before[at] + np.minimum((moments - opens[at]) // _MINUTE_US, minutes[at])
    return traded


def _micros(moments: pl.Series) -> Ints:
    values: Ints = moments.dt.epoch("us").to_numpy()
    return values
