"""Durations: a horizon is a stretch of trading time, whatever it is called and whatever bars it is counted in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from augury.core.timeframe import Horizon

TOLERANCE: Final = 0.10
"""Two horizons are the same when their trading minutes differ by at most this part of the longer one."""


def trading_minutes(horizon: str, minutes_per_session: int) -> float:
    """Length of a horizon in trading minutes of a market.

    Parameters
    ----------
    horizon : str
        Such as ``4h``, ``5d`` or ``1w``.
    minutes_per_session : int
        Of the symbol's calendar, e.g. 390; a market that never closes has 1440.

    Examples
    --------
    >>> [trading_minutes(text, 390) for text in ("4h", "1d", "1w", "5d")]
    [240.0, 390.0, 1950.0, 1950.0]
    """
    return Horizon.parse(horizon).sessions(minutes_per_session) * minutes_per_session


def matches(one: str, other: str, minutes_per_session: int) -> bool:
    """Say whether two horizons are the same duration, within a tenth of the longer.

    Examples
    --------
    >>> matches("1w", "5d", 390), matches("30d", "33d", 390), matches("30d", "34d", 390)
    (True, True, False)
    """
    short, long = sorted(trading_minutes(text, minutes_per_session) for text in (one, other))
    return long - short <= TOLERANCE * long + 1e-9


def durations(horizons: Iterable[str], minutes_per_session: int) -> dict[str, str]:
    """Gather horizons that are the same duration under one name: each spelling to that name.

    The shortest of a group names it, in days before weeks before hours.

    Examples
    --------
    >>> durations(["4h", "1w", "30d", "5d"], 390)
    {'4h': '4h', '5d': '5d', '1w': '5d', '30d': '30d'}
    """
    order = sorted(set(horizons), key=lambda text: (trading_minutes(text, minutes_per_session), "dwh".index(text[-1])))
    named: dict[str, str] = {}
    name = ""
    for horizon in order:
        if not name or not matches(name, horizon, minutes_per_session):
            name = horizon
        named[horizon] = name
    return named
