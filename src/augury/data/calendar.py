"""Market calendars: which days trade, when each session opens and closes, how long it lasts.

Exchange rules come from ``exchange_calendars``, imported at the first question and always with an
explicit range, so that the machine's clock never moves an answer. ``24/7`` and ``24/5`` are counted
here: a session is a UTC day. Outside the known range there is a named error, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import TIMESTAMP
from augury.core.errors import UnknownName, UsageError
from augury.core.suggestion import did_you_mean
from augury.core.typing import Ints

FIRST_KNOWN: Final = date(1900, 1, 1)
LAST_KNOWN: Final = date(2099, 12, 31)
FIRST_BUILT: Final = date(1990, 1, 1)
LAST_BUILT: Final = date(2035, 12, 31)
CONTINUOUS: Final = {"24/7": 7, "24/5": 5}
"""Calendars without closing hours: name to days a week, Monday first."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_US: Final = 86_400_000_000
_MINUTE_US: Final = 60_000_000
_GROWTH: Final = timedelta(days=20 * 366)


@dataclass(frozen=True)
class Schedule:
    """Sessions of a span of days as arrays: day numbers since 1970, opens and closes in µs, minutes."""

    first: date
    last: date
    days: Ints
    opens: Ints
    closes: Ints
    minutes: Ints


Builder = Callable[[date, date], Schedule]


class MarketCalendar:
    """The sessions of one market; implements :class:`augury.core.timeframe.Calendar`.

    A session is named by its date at 00:00 UTC. The table covers 1990 to 2035 at first and grows
    when an earlier or later day is asked for.

    Parameters
    ----------
    name : str
        Canonical name, e.g. ``XNYS``.
    build : callable
        ``(first, last) -> Schedule``.
    first, last : date
        The range in which the market's rules are known.
    """

    def __init__(self, name: str, build: Builder, first: date = FIRST_KNOWN, last: date = LAST_KNOWN) -> None:
        self.name = name
        self._build = build
        self._first, self._last = max(first, FIRST_KNOWN), min(last, LAST_KNOWN)
        self._table = build(max(FIRST_BUILT, self._first), min(LAST_BUILT, self._last))
        # The rule of today, counted on the first table only: growing must not change a horizon's length.
        self.minutes_per_session: int = int(np.bincount(self._table.minutes[-250:]).argmax())

    def __repr__(self) -> str:
        return f"MarketCalendar({self.name!r})"

    def is_session(self, day: datetime | date) -> bool:
        """Say whether the market trades on a day.

        Examples
        --------
        >>> market_calendar("XNYS").is_session(date(2018, 12, 5))
        False
        """
        table, number = self._covering(day, day), _number(day)
        at = int(np.searchsorted(table.days, number))
        return at < len(table.days) and int(table.days[at]) == number

    def close_of(self, session: datetime) -> datetime:
        """Return the UTC moment the session closes; half days close early.

        Raises
        ------
        UsageError
            The market does not trade on that day, or the day is outside the known range.

        Examples
        --------
        >>> market_calendar("XNYS").close_of(datetime(2026, 11, 27, tzinfo=UTC)).isoformat()
        '2026-11-27T18:00:00+00:00'
        """
        table, at = self._find(session)
        return _moment(int(table.closes[at]))

    def shift(self, session: datetime, n: int) -> datetime:
        """Return the session ``n`` sessions later (earlier when negative).

        Parameters
        ----------
        session : datetime
            Any moment of the session's day, as 00:00 UTC of its date.
        n : int
            Sessions to go; negative goes back.

        Raises
        ------
        UsageError
            The market does not trade on that day.

        Examples
        --------
        >>> market_calendar("XNYS").shift(datetime(2018, 12, 4, tzinfo=UTC), 1).date().isoformat()
        '2018-12-06'
        """
        table, at = self._find(session)
        while not 0 <= at + n < len(table.days):
            beyond = table.last + timedelta(days=1) if n > 0 else table.first - timedelta(days=1)
            table = self._covering(beyond, session)
            at = int(np.searchsorted(table.days, _number(session)))
        return _moment(int(table.days[at + n]) * _DAY_US)

    def last_of_week(self, session: datetime) -> datetime:
        """Return the last session in the ISO week of a day.

        Raises
        ------
        UsageError
            The market has no session in that week.

        Examples
        --------
        >>> market_calendar("XNYS").last_of_week(datetime(2018, 12, 3, tzinfo=UTC)).date().isoformat()
        '2018-12-07'
        """
        monday = _day(session) - timedelta(days=session.weekday())
        table = self._covering(monday, min(monday + timedelta(days=6), self._last))
        at = int(np.searchsorted(table.days, _number(monday) + 7)) - 1
        if at < 0 or int(table.days[at]) < _number(monday):
            raise UsageError(f"{self.name} has no session in the week of {monday}", calendar=self.name)
        return _moment(int(table.days[at]) * _DAY_US)

    def sessions(self, first: datetime | date, last: datetime | date) -> pl.Series:
        """Return the sessions from ``first`` to ``last``, both included, as 00:00 UTC.

        Examples
        --------
        >>> market_calendar("XNYS").sessions(date(2012, 10, 26), date(2012, 10, 31)).dt.day().to_list()
        [26, 31]
        """
        return self.schedule(first, last)["session"]

    def schedule(self, first: datetime | date, last: datetime | date) -> pl.DataFrame:
        """Return ``session, opens_at, closes_at, minutes`` from ``first`` to ``last``, both included.

        Parameters
        ----------
        first, last : datetime or date
            Days in UTC; ``last`` is included.

        Examples
        --------
        >>> market_calendar("XNYS").schedule(date(2026, 11, 27), date(2026, 11, 30))["minutes"].to_list()
        [210, 390]
        """
        table = self._covering(first, last)
        inside = slice(*np.searchsorted(table.days, [_number(first), _number(last) + 1]).tolist())
        return pl.DataFrame(
            {
                "session": pl.Series(table.days[inside] * _DAY_US).cast(TIMESTAMP),
                "opens_at": pl.Series(table.opens[inside]).cast(TIMESTAMP),
                "closes_at": pl.Series(table.closes[inside]).cast(TIMESTAMP),
                "minutes": pl.Series(table.minutes[inside]),
            }
        )

    def _find(self, session: datetime) -> tuple[Schedule, int]:
        table, number = self._covering(session, session), _number(session)
        at = int(np.searchsorted(table.days, number))
        if at == len(table.days) or int(table.days[at]) != number:
            raise UsageError(
                f"{_day(session)} is not a session of {self.name}: no bar can lie there",
                fix="augury data check FILE",
                calendar=self.name,
                session=str(_day(session)),
            )
        return table, at

    def _covering(self, first: datetime | date, last: datetime | date) -> Schedule:
        low, high = sorted((_day(first), _day(last)))
        if low < self._first or high > self._last:
            day = low if low < self._first else high
            raise UsageError(
                f"{day} is outside the years in which the sessions of {self.name} are known "
                f"({self._first} to {self._last})",
                calendar=self.name,
                day=str(day),
            )
        if low < self._table.first or high > self._table.last:
            start = self._table.first if low >= self._table.first else max(self._first, low - _GROWTH)
            end = self._table.last if high <= self._table.last else min(self._last, high + _GROWTH)
            self._table = self._build(start, end)
        return self._table


def market_calendar(name: str) -> MarketCalendar:
    """Return the calendar of a market; the same object each time.

    Parameters
    ----------
    name : str
        An exchange (``XNYS``, ``XLON``, ``XTKS`` …), ``24/7`` or ``24/5``.

    Raises
    ------
    UnknownName
        With the nearest names.

    Examples
    --------
    >>> market_calendar("24/7").minutes_per_session
    1440
    """
    return _calendar(name)


@lru_cache(maxsize=32)
def _calendar(name: str) -> MarketCalendar:
    if name in CONTINUOUS:
        return MarketCalendar(name, _continuous(CONTINUOUS[name]))
    import exchange_calendars

    known = exchange_calendars.get_calendar_names(include_aliases=True)
    if name not in known:
        hint = did_you_mean(name, [*known, *CONTINUOUS], cutoff=0.5)
        raise UnknownName(f"unknown calendar '{name}'{hint} (e.g. XNYS, XLON, XTKS, 24/7)", name=name)
    canonical = exchange_calendars.resolve_alias(name)
    if canonical != name:
        return _calendar(canonical)
    exchange = type(exchange_calendars.get_calendar(name, start="2020-01-01", end="2020-01-31"))
    low, high = exchange.bound_min(), exchange.bound_max()
    first = low.date() if low is not None else FIRST_KNOWN
    last = high.date() if high is not None else LAST_KNOWN
    return MarketCalendar(name, _exchange(exchange), first, last)


def _exchange(exchange: Callable[..., object]) -> Builder:
    def build(first: date, last: date) -> Schedule:
        found = exchange(start=first.isoformat(), end=last.isoformat())
        opens, closes = _micros(found, "opens_nanos"), _micros(found, "closes_nanos")
        pauses = _micros(found, "break_ends_nanos") - _micros(found, "break_starts_nanos")
        days = found.sessions.to_numpy().astype("datetime64[D]").astype(np.int64)  # type: ignore[attr-defined]
        return Schedule(first, last, days, opens, closes, (closes - opens - pauses) // _MINUTE_US)

    return build


def _micros(exchange: object, name: str) -> Ints:
    nanos: Ints = getattr(exchange, name)
    # A session without a lunch break has "not a time" at both ends of it: the pause is 0.
    return np.asarray(nanos // 1000, dtype=np.int64)


def _continuous(days_a_week: int) -> Builder:
    def build(first: date, last: date) -> Schedule:
        days = np.arange(_number(first), _number(last) + 1, dtype=np.int64)
        days = days[(days + 3) % 7 < days_a_week]
        full = np.full(len(days), _DAY_US // _MINUTE_US, dtype=np.int64)
        return Schedule(first, last, days, days * _DAY_US, (days + 1) * _DAY_US, full)

    return build


def _day(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _number(moment: datetime | date) -> int:
    return moment.toordinal() - _EPOCH_DAY


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
