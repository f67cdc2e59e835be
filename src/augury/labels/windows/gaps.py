"""Is a bar missing between two neighbours? The calendar of the asset decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from augury.core.timeframe import Timeframe
from augury.core.typing import Bools, Ints
from augury.data.calendar import MarketCalendar

_MINUTE_US: Final = 60_000_000
_DAY_US: Final = 86_400_000_000
_WEEK_US: Final = 7 * _DAY_US
_MONDAY_US: Final = 4 * _DAY_US
"""Thursday was the first day of 1970: weeks count from the Monday after."""


def gap_before(ts: pl.Series, timeframe: Timeframe, calendar: MarketCalendar) -> Bools:
    """Say for each bar whether the market traded a whole bar since the bar before without one being there.

    Daily bars: a session lies strictly between. Weekly: a week with a session. Intraday: more trading
    time than one bar passed between the two opens; closing hours, holidays, half days and lunch
    breaks are no gaps, and neither is anything outside the sessions.

    Parameters
    ----------
    ts : pl.Series
        Opens of one symbol's bars, ascending, UTC.
    timeframe : Timeframe
        Length of a bar.
    calendar : MarketCalendar
        Where the asset trades.

    Returns
    -------
    array of bool, shape (n_bars,)
        False at the first bar.

    Examples
    --------
    >>> from datetime import date
    >>> from augury.data.calendar import market_calendar
    >>> days = pl.Series([date(2018, 12, 3), date(2018, 12, 4), date(2018, 12, 6), date(2018, 12, 10)])
    >>> days = days.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    >>> gap_before(days, Timeframe.D1, market_calendar("XNYS")).tolist()
    [False, False, False, True]
    """
    out = np.zeros(len(ts), dtype=np.bool_)
    if len(ts) < 2:
        return out
    stamps = ts.dt.cast_time_unit("us").to_physical().to_numpy().astype(np.int64)
    # A session may begin on the UTC day before its date.
    schedule = calendar.schedule(ts[0], ts[-1] + timedelta(days=timeframe.minutes is not None))
    if timeframe is Timeframe.W1:
        weeks = np.unique((_micros(schedule["session"]) - _MONDAY_US) // _WEEK_US)
        out[1:] = _skipped(weeks, (stamps - _MONDAY_US) // _WEEK_US)
    elif timeframe.minutes is None:
        out[1:] = _skipped(_micros(schedule["session"]) // _DAY_US, stamps // _DAY_US)
    else:
        out[1:] = _untraded(schedule, stamps, timeframe.minutes * _MINUTE_US)
    return out


def _micros(moments: pl.Series) -> Ints:
    return moments.dt.cast_time_unit("us").to_physical().to_numpy().astype(np.int64)


def _skipped(slots: Ints, at: Ints) -> Bools:
    first_after = np.searchsorted(slots, at[:-1], side="right")
    skipped: Bools = first_after < np.searchsorted(slots, at[1:], side="left")
    return skipped


def _untraded(schedule: pl.DataFrame, stamps: Ints, bar: int) -> Bools:
    """Did more trading time than one bar pass between neighbours? A session is two stretches around its break."""
    whole = schedule.with_columns(pl.col("break_starts_at", "break_ends_at").fill_null(pl.col("closes_at")))
    opens, pauses, resumes, closes = (
        _micros(whole[name]) for name in ("opens_at", "break_starts_at", "break_ends_at", "closes_at")
    )
    begins, ends = np.stack([opens, resumes], axis=1).ravel(), np.stack([pauses, closes], axis=1).ravel()
    if not len(begins):
        return np.zeros(len(stamps) - 1, dtype=np.bool_)
    lengths = ends - begins
    before = np.cumsum(lengths) - lengths
    stretch = np.searchsorted(begins, stamps, side="right") - 1
    inside = np.maximum(stretch, 0)
    traded = before[inside] + np.where(stretch < 0, 0, np.minimum(stamps - begins[inside], lengths[inside]))
    missing: Bools = np.diff(traded) > bar
    return missing
