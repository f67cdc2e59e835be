"""The zone of a market's clock: what a time without a zone means once its market is known."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from augury.core.bars import TIMESTAMP
from augury.core.errors import UsageError
from augury.data.calendar import market_calendar


@lru_cache(maxsize=32)
def zone_of(calendar: str) -> str | None:
    """Return the zone in which a market tells the time; None where every dealer has his own.

    Parameters
    ----------
    calendar : str
        An exchange; ``24/7``, whose days are those of UTC; or ``24/5``: foreign exchange has no clock
        of its own, brokers write theirs.

    Raises
    ------
    UnknownName
        No such calendar.

    Examples
    --------
    >>> zone_of("XNYS"), zone_of("24/7"), zone_of("24/5")
    ('America/New_York', 'UTC', None)
    """
    name = market_calendar(calendar).name
    if name in ("24/7", "24/5"):
        return "UTC" if name == "24/7" else None
    import exchange_calendars

    exchange = exchange_calendars.get_calendar(name, start="2020-01-01", end="2020-01-31")
    return str(exchange.tz)


def known_zone(tz: str) -> str:
    """Return a zone's name unchanged when there is such a zone.

    Raises
    ------
    UsageError
        Unknown.

    Examples
    --------
    >>> known_zone("Asia/Tokyo")
    'Asia/Tokyo'
    """
    try:
        pl.Series([None], dtype=TIMESTAMP).dt.convert_time_zone(tz)
    except pl.exceptions.ComputeError as error:
        raise UsageError(
            f"unknown time zone '{tz}', e.g. America/New_York", fix="augury data import FILE --tz UTC"
        ) from error
    return tz
