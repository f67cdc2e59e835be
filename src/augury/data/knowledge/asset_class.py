"""Asset classes: what a price may be, what volume counts, which calendar rules, how a year is counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from augury.core.errors import UnknownName
from augury.core.suggestion import did_you_mean
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar

_FIRST: Final = date(2015, 1, 1)
_LAST: Final = date(2024, 12, 31)
_YEARS: Final = 10
"""Sessions a year are the mean over these years: fixed, so that a Sharpe ratio does not move with the clock."""


@dataclass(frozen=True, slots=True)
class AssetClass:
    """What holds for every instrument of a class.

    Parameters
    ----------
    name : str
        E.g. ``equity``.
    calendar : str
        The calendar when an instrument names none.
    may_be_negative : bool
        True when a price of zero or below is real.
    volume : str
        What the column ``volume`` counts; ``none`` when the class has none (null there, never 0).
    """

    name: str
    calendar: str
    may_be_negative: bool
    volume: str


ASSET_CLASSES: Final[dict[str, AssetClass]] = {
    one.name: one
    for one in (
        AssetClass("equity", "XNYS", may_be_negative=False, volume="shares"),
        AssetClass("etf", "XNYS", may_be_negative=False, volume="shares"),
        AssetClass("index", "XNYS", may_be_negative=False, volume="none"),
        AssetClass("crypto", "24/7", may_be_negative=False, volume="units of the base currency"),
        AssetClass("fx", "24/5", may_be_negative=False, volume="ticks"),
        AssetClass("commodity", "CMES", may_be_negative=False, volume="lots"),
        AssetClass("bond", "XNYS", may_be_negative=False, volume="face value"),
        AssetClass("future", "CMES", may_be_negative=True, volume="contracts"),
    )
}


def asset_class(name: str) -> AssetClass:
    """Return an asset class by name.

    Raises
    ------
    UnknownName
        With the nearest name and the whole list.

    Examples
    --------
    >>> asset_class("future").may_be_negative, asset_class("index").volume
    (True, 'none')
    """
    if name not in ASSET_CLASSES:
        hint = did_you_mean(name, ASSET_CLASSES)
        raise UnknownName(f"unknown asset class '{name}'{hint} (known: {', '.join(ASSET_CLASSES)})", name=name)
    return ASSET_CLASSES[name]


def annualisation(name: str, timeframe: Timeframe = Timeframe.D1, calendar: str | None = None) -> float:
    """Return how many bars of a timeframe an asset has a year.

    A mean return a bar is multiplied by it, a standard deviation or a Sharpe ratio by its root.
    Sessions a year are counted on the calendar, 2015 to 2024, and rounded: 252 for XNYS, 365 for 24/7.

    Parameters
    ----------
    name : str
        Asset class.
    timeframe : Timeframe
        Length of the bars; default d1.
    calendar : str, optional
        The instrument's calendar; default that of the class.

    Examples
    --------
    >>> annualisation("equity"), annualisation("crypto"), annualisation("fx")
    (252.0, 365.0, 260.0)
    >>> annualisation("equity", Timeframe.H1)
    1638.0
    """
    venue = calendar or asset_class(name).calendar
    return sessions_a_year(venue) * timeframe.bars_per_session(market_calendar(venue))


@lru_cache(maxsize=64)
def sessions_a_year(calendar: str) -> int:
    """Return the mean number of sessions a year of a calendar, rounded.

    Examples
    --------
    >>> sessions_a_year("XNYS"), sessions_a_year("XTKS")
    (252, 244)
    """
    return round(market_calendar(calendar).sessions(_FIRST, _LAST).len() / _YEARS)
