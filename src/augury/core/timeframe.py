"""Timeframes and horizons: how long a bar is, how far a forecast reaches, when each is known."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from augury.core.errors import UnknownName, UsageError

SESSIONS_PER_WEEK = 5


class Calendar(Protocol):
    """What Augury asks of a market's calendar; ``data.calendar`` implements it.

    ``session`` is a session date at 00:00 UTC.
    """

    name: str
    minutes_per_session: int

    def close_of(self, session: datetime) -> datetime:
        """Return the UTC moment the session closes (half days close early)."""
        ...

    def shift(self, session: datetime, n: int) -> datetime:
        """Return the session ``n`` sessions later (earlier when negative)."""
        ...

    def last_of_week(self, session: datetime) -> datetime:
        """Return the last session in the ISO week of ``session``."""
        ...

    def session_of(self, moment: datetime, minutes: int = 0) -> datetime | None:
        """Return the session in whose hours a bar of ``minutes`` that opens at ``moment`` lies; None outside."""
        ...


class Timeframe(StrEnum):
    """Length of a bar. The value is its canonical spelling.

    Examples
    --------
    >>> Timeframe.parse("1d"), Timeframe.parse("w1").minutes is None
    (<Timeframe.D1: 'd1'>, True)
    """

    M1 = "m1"
    M5 = "m5"
    M15 = "m15"
    H1 = "h1"
    H4 = "h4"
    D1 = "d1"
    W1 = "w1"

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Read ``d1`` or its alias ``1d``.

        Raises
        ------
        UnknownName
            With the near misses and the whole list.
        """
        names = {str(frame): frame for frame in cls}
        names |= {f"{name[1:]}{name[0]}": frame for name, frame in list(names.items())}
        if (found := names.get(text.strip().lower())) is not None:
            return found
        known = ", ".join(str(frame) for frame in cls)
        near = difflib.get_close_matches(text.lower(), names, n=1)
        hint = f", did you mean '{names[near[0]]}'?" if near else ""
        raise UnknownName(f"unknown timeframe '{text}'{hint} (known: {known})", name=text)

    @property
    def minutes(self) -> int | None:
        """Minutes of an intraday bar; None for d1 and w1, which follow the calendar."""
        return {"m1": 1, "m5": 5, "m15": 15, "h1": 60, "h4": 240}.get(self.value)

    def closes_at(self, ts: datetime, calendar: Calendar) -> datetime:
        """Say when the bar that opened at ``ts`` is known: nothing may use it earlier.

        Parameters
        ----------
        ts : datetime
            The bar's open in UTC; the session date for d1, the first session of the week for w1.
        calendar : Calendar
            Decides which session an intraday bar belongs to (it may have opened on the UTC day before),
            early closes and the last session of a week. A bar outside trading hours lasts its full length.
        """
        if self is Timeframe.D1:
            return calendar.close_of(ts)
        if self is Timeframe.W1:
            return calendar.close_of(calendar.last_of_week(ts))
        minutes = self.minutes or 0
        end = ts + timedelta(minutes=minutes)
        session = calendar.session_of(ts, minutes)
        return end if session is None else min(end, calendar.close_of(session))

    def bars_per_session(self, calendar: Calendar) -> float:
        """How many bars of this timeframe one session holds (1 for d1, 0.2 for w1)."""
        if self is Timeframe.D1:
            return 1.0
        if self is Timeframe.W1:
            return 1.0 / SESSIONS_PER_WEEK
        return calendar.minutes_per_session / float(self.minutes or 1)


_HORIZON = re.compile(r"(\d+)([hdw])")


@dataclass(frozen=True, slots=True, order=True)
class Horizon:
    """How far ahead a forecast reaches: a duration in trading time, e.g. ``4h``, ``5d``, ``1w``.

    Parameters
    ----------
    count : int
        At least 1.
    unit : str
        ``h`` (60 trading minutes), ``d`` (one session) or ``w`` (five sessions).

    Examples
    --------
    >>> str(Horizon.parse("30d")), Horizon.parse("1w").sessions(390)
    ('30d', 5.0)
    """

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Horizon:
        """Read a horizon such as ``5d``.

        Raises
        ------
        UsageError
            Not a number and a unit, or outside 1..1000.
        """
        match = _HORIZON.fullmatch(text.strip().lower())
        if match is None or not 1 <= int(match[1]) <= 1000:
            raise UsageError(f"horizon '{text}' is not understood: write 1..1000 and h, d or w, e.g. 4h, 5d, 2w")
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    def sessions(self, minutes_per_session: int) -> float:
        """Express the duration in sessions of a calendar (hours become a fraction)."""
        if self.unit == "h":
            return self.count * 60 / minutes_per_session
        return float(self.count * (SESSIONS_PER_WEEK if self.unit == "w" else 1))

    def bars(self, timeframe: Timeframe, calendar: Calendar) -> int:
        """Express the duration in bars of a timeframe, at least 1.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> Horizon.parse("30d").bars(Timeframe.W1, SimpleNamespace(minutes_per_session=390))
        6
        """
        return max(1, round(self.sessions(calendar.minutes_per_session) * timeframe.bars_per_session(calendar)))
