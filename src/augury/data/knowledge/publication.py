"""From when a publication may be used: cut-offs, next-session rules, and lags where no vintages exist."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import TIMESTAMP
from augury.core.errors import DataError, UsageError
from augury.data.calendar import market_calendar
from augury.data.knowledge.asof import AVAILABLE_AT, utc_moments

PERIODS: Final = {"day": None, "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}
"""What one observation may cover, and its length for date arithmetic."""
_AHEAD: Final = timedelta(days=16)
"""No market stays closed longer: looked at beyond the last moment to find the session that follows."""
_MINUTE_US: Final = 60_000_000


def available_from(
    published: pl.Series, calendar: str, *, cutoff_minutes: int = 0, next_session: bool = False
) -> pl.Series:
    """Return from when each publication may be used, for sources with a cut-off.

    What comes after the cut-off of a session and before its close counts from the open of the next
    session; everything else counts from its publication.

    Parameters
    ----------
    published : pl.Series
        Moments with a time zone, none missing.
    calendar : str
        Name of the market's calendar.
    cutoff_minutes : int
        How long before the close the cut-off lies; default 0, the close itself. Larger is later.
    next_session : bool
        True for sources that never count on their own day (weekly flows, margin balances): from the
        open of the first session that opens after the publication.

    Returns
    -------
    pl.Series
        ``available_at``, UTC in µs, never before the publication.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> last_hour = pl.Series([datetime(2018, 12, 3, 20, 30, tzinfo=UTC)])
    >>> available_from(last_hour, "XNYS", cutoff_minutes=60).item().isoformat()
    '2018-12-04T14:30:00+00:00'
    """
    if cutoff_minutes < 0:
        raise UsageError(f"cutoff_minutes={cutoff_minutes}: a cut-off lies at or before the close, write 0 or more")
    moments = utc_moments(published.alias(AVAILABLE_AT).to_frame(), AVAILABLE_AT)
    if moments.null_count():
        raise DataError(f"{moments.null_count()} publications have no moment: they were never known, leave them out")
    if moments.is_empty():
        return moments
    span = market_calendar(calendar).schedule(moments.min() - timedelta(days=1), moments.max() + _AHEAD)  # type: ignore[operator, arg-type]
    at, opens, closes = (one.to_physical().to_numpy() for one in (moments, span["opens_at"], span["closes_at"]))
    if next_session:
        return pl.Series(AVAILABLE_AT, opens[np.searchsorted(opens, at, side="right")]).cast(TIMESTAMP)
    coming = np.searchsorted(closes, at)
    late = at > closes[coming] - _MINUTE_US * cutoff_minutes
    return pl.Series(AVAILABLE_AT, np.where(late, opens[coming + 1], at)).cast(TIMESTAMP)


def lagged(observed: pl.Series, sessions: int, calendar: str, period: str = "day") -> pl.Series:
    """Return from when observations may be used when only a lag is known.

    With ``sessions=0`` an observation is known at the close of its day (the next session's, when
    the market was shut); with ``n >= 1`` at the open of the n-th session after its day. An
    observation of a longer period counts from the last day of the period.

    Parameters
    ----------
    observed : pl.Series
        Dates: the day, or the first day of the week, month, quarter or year.
    sessions : int
        The lag in sessions, 0 or more. Larger is later.
    calendar : str
        Name of the market's calendar.
    period : str
        What one observation covers: day, week, month, quarter, year.

    Examples
    --------
    >>> from datetime import date
    >>> lagged(pl.Series([date(2018, 11, 1)]), 10, "XNYS", "month").item().isoformat()
    '2018-12-17T14:30:00+00:00'
    """
    if sessions < 0 or period not in PERIODS:
        raise UsageError(f"lag of {sessions} sessions after a {period}: sessions >= 0, period of {', '.join(PERIODS)}")
    days = observed.cast(pl.Date)
    if days.null_count():
        raise DataError(f"{days.null_count()} observations have no date")
    if days.is_empty():
        return pl.Series(AVAILABLE_AT, [], dtype=TIMESTAMP)
    if (length := PERIODS[period]) is not None:
        days = days.dt.truncate(length).dt.offset_by(length).dt.offset_by("-1d")
    ahead = _AHEAD + timedelta(days=2 * sessions)
    span = market_calendar(calendar).schedule(days.min(), days.max() + ahead)  # type: ignore[operator, arg-type]
    dates = span["session"].dt.date().to_physical().to_numpy()
    if sessions == 0:
        found = span["closes_at"].to_physical().to_numpy()[np.searchsorted(dates, days.to_physical().to_numpy())]
    else:
        after = np.searchsorted(dates, days.to_physical().to_numpy(), side="right")
        found = span["opens_at"].to_physical().to_numpy()[after + sessions - 1]
    return pl.Series(AVAILABLE_AT, found).cast(TIMESTAMP)
