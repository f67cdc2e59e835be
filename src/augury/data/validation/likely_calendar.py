"""Which market's calendar bars follow, when nobody said."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from augury.core.timeframe import Timeframe

HOME: Final = "XNYS"
BY_SUFFIX: Final = {
    "NS": "XNSE",
    "BO": "XBOM",
    "L": "XLON",
    "T": "XTKS",
    "HK": "XHKG",
    "DE": "XETR",
    "PA": "XPAR",
    "AS": "XAMS",
    "MI": "XMIL",
    "SW": "XSWX",
    "TO": "XTSE",
    "AX": "XASX",
    "KS": "XKRX",
    "SS": "XSHG",
}
"""What vendors write behind the point of a symbol, and the exchange it means."""
_CODES: Final = "AUD|CAD|CHF|CNH|CZK|DKK|EUR|GBP|HKD|HUF|JPY|MXN|NOK|NZD|PLN|SEK|SGD|TRY|USD|XAG|XAU|XPD|XPT|ZAR"
PAIR: Final = re.compile(rf"({_CODES})[/_.-]?({_CODES})")
WEEKEND: Final = 0.05
"""Share of all bars on each of Saturday and Sunday that a market without weekends has not."""
ROUND_THE_CLOCK_HOURS: Final = 22
_SATURDAY, _SUNDAY, _FRIDAY = 6, 7, 5


def likely_calendar(frame: pl.DataFrame, timeframe: Timeframe | None) -> str:
    """Name the calendar that symbols and hours speak for; XNYS when nothing does.

    Parameters
    ----------
    frame : pl.DataFrame
        ``symbol`` and ``ts`` in UTC.
    timeframe : Timeframe or None
        Only intraday bars have hours.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> frame = pl.DataFrame({"symbol": ["TCS.NS"], "ts": [datetime(2024, 1, 2, tzinfo=UTC)]})
    >>> likely_calendar(frame, Timeframe.D1)
    'XNSE'
    """
    if frame.is_empty():
        return HOME
    weekday = frame["ts"].dt.weekday()
    # A date that was moved by a day puts bars on Sundays only; a market without rest has Saturdays too.
    if all(((weekday == day).mean() or 0.0) > WEEKEND for day in (_SATURDAY, _SUNDAY)):  # type: ignore[operator]
        return "24/7"
    names = frame["symbol"].unique().drop_nulls().to_list()
    venues = {BY_SUFFIX.get(name.rpartition(".")[2].upper()) if "." in name else None for name in names}
    if len(venues) == 1 and (venue := venues.pop()) is not None:
        return venue
    if names and all(PAIR.match(name.upper()) for name in names):
        return "24/5"
    return "24/5" if _round_the_clock(frame, timeframe) else HOME


def _round_the_clock(frame: pl.DataFrame, timeframe: Timeframe | None) -> bool:
    if timeframe is None or timeframe.minutes is None:
        return False
    step = max(1, timeframe.minutes // 60)
    used = frame.filter(pl.col("ts").dt.weekday() < _FRIDAY)["ts"].dt.hour().value_counts()
    common = used.filter(pl.col("count") > 0.5 * pl.col("count").median())
    return common.height * step >= ROUND_THE_CLOCK_HOURS
