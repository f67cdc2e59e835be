"""Where sessions come from: the rules of one exchange, the round-the-clock week, the FX week.

Exchange rules are those of ``exchange_calendars``, imported at the first question and always with an
explicit range, so that the machine's clock never moves an answer. What that library leaves out and the
exchange has published stands in :data:`EVENING_SESSIONS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.errors import UnknownName
from augury.core.suggestion import did_you_mean
from augury.core.typing import Bools, Ints

FIRST_KNOWN: Final = date(1900, 1, 1)
LAST_KNOWN: Final = date(2099, 12, 31)
FIRST_BUILT: Final = date(1990, 1, 1)
LAST_BUILT: Final = date(2035, 12, 31)
"""The first table of a calendar; it grows when an earlier or later day is asked for."""
_ANY_MONTH: Final = ("2022-01-01", "2022-01-31")
"""Within the bounds of every exchange there is."""
ALIASES: Final = {"XNSE": "XBOM", "NSE": "XBOM", "FX": "24/5", "CRYPTO": "24/7"}
"""Names that the library lacks: both Indian exchanges keep the same days and hours."""
EVENING_SESSIONS: Final = {
    "XBOM": (
        ("2016-10-30", "18:30", "19:30"),
        ("2017-10-19", "18:30", "19:30"),
        ("2018-11-07", "17:30", "18:30"),
        ("2019-10-27", "18:15", "19:15"),
        ("2020-11-14", "18:15", "19:15"),
        ("2021-11-04", "18:15", "19:15"),
        ("2022-10-24", "18:15", "19:15"),
        ("2023-11-12", "18:15", "19:15"),
        ("2024-11-01", "18:00", "19:00"),
        ("2025-10-21", "13:45", "14:45"),
    )
}
"""Diwali (Muhurat) hours in the exchange's own time: on a holiday, at times a Saturday or Sunday."""

_ZONES: Final = {"XBOM": "Asia/Kolkata"}
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_US: Final = 86_400_000_000
_MINUTE_US: Final = 60_000_000
_FX_ZONE, _FX_HOUR = "America/New_York", 17
_FX_HOLIDAYS: Final = ((1, 1), (12, 25))


@dataclass(frozen=True)
class Schedule:
    """Sessions of a span of days as arrays: day numbers since 1970, moments in µs, trading minutes.

    A session without a lunch break has both ends of the break at its close.
    """

    first: date
    last: date
    days: Ints
    opens: Ints
    closes: Ints
    break_starts: Ints
    break_ends: Ints

    @property
    def minutes(self) -> Ints:
        """Minutes of trading, lunch breaks left out."""
        return (self.closes - self.opens - (self.break_ends - self.break_starts)) // _MINUTE_US


Builder = Callable[[date, date], Schedule]


def rules_of(name: str) -> tuple[str, Builder, date, date]:
    """Return the canonical name of a calendar, what builds its schedule, and the years that are known.

    Raises
    ------
    UnknownName
        With the nearest names.

    Examples
    --------
    >>> rules_of("FX")[0], rules_of("24/7")[0]
    ('24/5', '24/7')
    """
    name = ALIASES.get(name, name)
    if name == "24/7":
        return name, _every_day, FIRST_KNOWN, LAST_KNOWN
    if name == "24/5":
        return name, _fx_week, FIRST_KNOWN, LAST_KNOWN
    import exchange_calendars

    known = exchange_calendars.get_calendar_names(include_aliases=True)
    if name not in known:
        hint = did_you_mean(name, [*known, *ALIASES, "24/7", "24/5"], cutoff=0.5)
        raise UnknownName(f"unknown calendar '{name}'{hint} (e.g. XNYS, XLON, XTKS, 24/7)", name=name)
    name = exchange_calendars.resolve_alias(name)
    exchange = _class_of(name)
    low, high = exchange.bound_min(), exchange.bound_max()
    first = low.date() if low is not None else FIRST_KNOWN
    last = high.date() if high is not None else LAST_KNOWN
    return name, _exchange(name), first, last


def _class_of(name: str) -> Any:
    """The class of an exchange, which knows its bounds; only a calendar of it tells which class that is."""
    from exchange_calendars import get_calendar

    try:  # most have no bounds: what is built here is the first table already, and the library keeps it
        return type(get_calendar(name, start=FIRST_BUILT.isoformat(), end=LAST_BUILT.isoformat()))
    except ValueError:
        return type(get_calendar(name, start=_ANY_MONTH[0], end=_ANY_MONTH[1]))


def _exchange(name: str) -> Builder:
    def build(first: date, last: date) -> Schedule:
        from exchange_calendars import get_calendar

        found = get_calendar(name, start=first.isoformat(), end=last.isoformat())
        days: Ints = found.sessions.to_numpy().astype("datetime64[D]").astype(np.int64)
        closes = _micros(found, "closes_nanos")
        starts, ends = _micros(found, "break_starts_nanos"), _micros(found, "break_ends_nanos")
        whole: Bools = starts < 0  # "not a time": no lunch break that day
        starts, ends = np.where(whole, closes, starts), np.where(whole, closes, ends)
        regular = Schedule(first, last, days, _micros(found, "opens_nanos"), closes, starts, ends)
        return _with_evenings(regular, name)

    return build


def _micros(exchange: object, name: str) -> Ints:
    nanos: Ints = getattr(exchange, name)
    return np.asarray(nanos // 1000, dtype=np.int64)


def _with_evenings(regular: Schedule, name: str) -> Schedule:
    rows = [
        row for row in EVENING_SESSIONS.get(name, ()) if regular.first <= date.fromisoformat(row[0]) <= regular.last
    ]
    known = set(regular.days.tolist())
    rows = [row for row in rows if day_number(date.fromisoformat(row[0])) not in known]
    if not rows:
        return regular
    opens, closes = (_local([f"{row[0]} {row[at]}" for row in rows], _ZONES[name]) for at in (1, 2))
    days = np.array([day_number(date.fromisoformat(row[0])) for row in rows], dtype=np.int64)
    extra = Schedule(regular.first, regular.last, days, opens, closes, closes, closes)
    order = np.argsort(np.concatenate([regular.days, days]), kind="stable")
    names = [field.name for field in fields(Schedule)][2:]
    merged = {part: np.concatenate([getattr(regular, part), getattr(extra, part)])[order] for part in names}
    return Schedule(regular.first, regular.last, **merged)


def _every_day(first: date, last: date) -> Schedule:
    """Around the clock, every UTC day."""
    days = np.arange(day_number(first), day_number(last) + 1, dtype=np.int64)
    closes = (days + 1) * _DAY_US
    return Schedule(first, last, days, days * _DAY_US, closes, closes, closes)


def _fx_week(first: date, last: date) -> Schedule:
    """From Sunday 17:00 to Friday 17:00 in New York; a session is named by the day it ends on."""
    dates = pl.date_range(first, last, eager=True)
    months, numbers = dates.dt.month().to_numpy(), dates.dt.day().to_numpy()
    trading: Bools = dates.dt.weekday().to_numpy() <= 5
    for month, number in _FX_HOLIDAYS:
        trading &= ~((months == month) & (numbers == number))
    dates = dates.filter(pl.Series(trading))
    opens, closes = (_at_fx_hour(dates.dt.offset_by(back)) for back in ("-1d", "0d"))
    days = dates.to_physical().cast(pl.Int64).to_numpy()
    return Schedule(first, last, days, opens, closes, closes, closes)


def _at_fx_hour(dates: pl.Series) -> Ints:
    wall = dates.cast(pl.Datetime("us")).dt.offset_by(f"{_FX_HOUR}h")
    return wall.dt.replace_time_zone(_FX_ZONE).to_physical().to_numpy()


def _local(walls: list[str], zone: str) -> Ints:
    times = pl.Series(walls).str.to_datetime("%Y-%m-%d %H:%M", time_unit="us")
    return times.dt.replace_time_zone(zone).to_physical().to_numpy()


def day_number(day: date) -> int:
    """Count the days since 1970-01-01.

    Examples
    --------
    >>> day_number(date(1970, 1, 2))
    1
    """
    return day.toordinal() - _EPOCH_DAY
