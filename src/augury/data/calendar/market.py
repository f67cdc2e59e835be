"""Market calendars: which days trade, when each session opens and closes, how long it lasts.

Every question can be put for one moment or for a whole column of them. Outside the known range there
is a named error, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import TIMESTAMP
from augury.core.errors import UsageError
from augury.core.typing import Ints
from augury.data.calendar.rules import (
    FIRST_BUILT,
    FIRST_KNOWN,
    LAST_BUILT,
    LAST_KNOWN,
    Builder,
    Schedule,
    day_number,
    rules_of,
)

__all__ = ["FIRST_KNOWN", "LAST_KNOWN", "MarketCalendar", "market_calendar"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US: Final = 86_400_000_000
_MINUTE_US: Final = 60_000_000
_GROWTH: Final = timedelta(days=20 * 366)
_WEEK: Final = timedelta(days=7)


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
        """Return ``session, opens_at, closes_at, minutes, break_starts_at, break_ends_at``.

        From ``first`` to ``last``, both included; a session without a lunch break has none (null).

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
                "break_starts_at": _broken(table.break_starts[inside], table.closes[inside]),
                "break_ends_at": _broken(table.break_ends[inside], table.closes[inside]),
            }
        )

    def session_of(self, moment: datetime, minutes: int = 0) -> datetime | None:
        """Return the session in whose hours a moment, or a bar that opens then, lies; None outside.

        The session's date is the exchange's own: Sydney, futures and foreign exchange open on the UTC
        day before.

        Parameters
        ----------
        moment : datetime
            With its time zone.
        minutes : int
            Length of the bar; it belongs to a session when any part of it does. Default 0: a moment.

        Examples
        --------
        >>> market_calendar("XASX").session_of(datetime(2024, 1, 1, 23, 30, tzinfo=UTC)).date().isoformat()
        '2024-01-02'
        >>> market_calendar("XNYS").session_of(datetime(2024, 1, 1, 15, tzinfo=UTC)) is None
        True
        """
        (at,), table = self.places(np.array([_micros(moment)]), minutes)
        return None if at < 0 else _moment(int(table.days[at]) * _DAY_US)

    def sessions_of(self, ts: pl.Series, minutes: int = 0) -> pl.Series:
        """Return the session of each moment or bar, as :meth:`session_of`; null outside trading hours.

        Examples
        --------
        >>> hours = pl.Series([datetime(2024, 1, 1, 23, tzinfo=UTC), datetime(2024, 1, 2, 12, tzinfo=UTC)])
        >>> market_calendar("24/5").sessions_of(hours).dt.day().to_list()
        [2, 2]
        """
        at, table = self.places(ts.cast(TIMESTAMP).to_physical().to_numpy(), minutes)
        return self._picked(table.days * _DAY_US, at)

    def closes_of(self, sessions: pl.Series) -> pl.Series:
        """Return when each session closes; null for what is no session."""
        return self._looked_up(sessions, "closes")

    def opens_of(self, sessions: pl.Series) -> pl.Series:
        """Return when each session opens; null for what is no session."""
        return self._looked_up(sessions, "opens")

    def last_of_weeks(self, sessions: pl.Series) -> pl.Series:
        """Return the last session in the ISO week of each day; null for a week without one."""

        def find(numbers: Ints, table: Schedule) -> Ints:
            mondays = numbers - (numbers + 3) % 7
            at = np.searchsorted(table.days, mondays + 7) - 1
            return np.where((at >= 0) & (table.days[at] >= mondays), at, -1)

        return self._each(sessions, "days", find)

    def places(self, micros: Ints, minutes: int = 0) -> tuple[Ints, Schedule]:
        """Return where in the schedule each moment (µs since 1970) or bar lies, -1 outside, and the schedule."""
        if not len(micros):
            return micros, self._table
        table = self._around(int(micros.min() // _DAY_US), int(micros.max() // _DAY_US))
        # The first session that has not closed yet; it must have opened before the bar ends.
        at = np.searchsorted(table.closes, micros, side="right")
        opens = table.opens[np.minimum(at, len(table.opens) - 1)]
        inside = (at < len(table.opens)) & (opens < micros + max(1, minutes * _MINUTE_US))
        return np.where(inside, at, -1), table

    def _looked_up(self, sessions: pl.Series, name: str) -> pl.Series:
        def find(numbers: Ints, table: Schedule) -> Ints:
            at = np.minimum(np.searchsorted(table.days, numbers), len(table.days) - 1)
            return np.where(table.days[at] == numbers, at, -1)

        return self._each(sessions, name, find)

    def _each(self, sessions: pl.Series, name: str, find: Callable[[Ints, Schedule], Ints]) -> pl.Series:
        """Look a part of the schedule up for each session that is not null."""
        there = sessions.is_not_null().to_numpy()
        numbers = sessions.drop_nulls().cast(TIMESTAMP).to_physical().to_numpy() // _DAY_US
        if not len(numbers):
            return pl.Series("session", [None] * len(there), TIMESTAMP)
        table = self._around(int(numbers.min()), int(numbers.max()))
        at = np.full(len(there), -1)
        at[there] = find(numbers, table)
        values = table.days * _DAY_US if name == "days" else getattr(table, name)
        return self._picked(values, at)

    @staticmethod
    def _picked(values: Ints, at: Ints) -> pl.Series:
        found = pl.DataFrame({"at": at, "value": values[at]})
        return found.select(pl.when(pl.col("at") >= 0).then("value").alias("session").cast(TIMESTAMP))["session"]

    def _around(self, first: int, last: int) -> Schedule:
        """The schedule over a span of day numbers and the week on either side, where it is known."""
        low, high = (date(1970, 1, 1) + timedelta(days=number) for number in (first, last))
        self._covering(low, high)
        return self._covering(max(self._first, low - _WEEK), min(self._last, high + _WEEK))

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


def _broken(moments: Ints, closes: Ints) -> pl.Series:
    frame = pl.DataFrame({"moment": moments, "close": closes})
    return frame.select(pl.when(pl.col("moment") < pl.col("close")).then("moment").cast(TIMESTAMP))["moment"]


def market_calendar(name: str) -> MarketCalendar:
    """Return the calendar of a market; the same object each time.

    Parameters
    ----------
    name : str
        An exchange (``XNYS``, ``XLON``, ``XTKS``, ``XNSE`` …), ``24/7``, or ``24/5`` (``FX``): the week of
        foreign exchange, Sunday 17:00 to Friday 17:00 in New York.

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


@lru_cache(maxsize=64)
def _calendar(name: str) -> MarketCalendar:
    canonical, build, first, last = rules_of(name)
    return MarketCalendar(name, build, first, last) if canonical == name else _calendar(canonical)


def _day(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _number(moment: datetime | date) -> int:
    return day_number(_day(moment))


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
