"""An entry of the schedule and the moments it is due: by the clock, or after a market has closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from augury.core.errors import UsageError
from augury.core.extras import require
from augury.data.calendar import market_calendar


@dataclass(frozen=True, slots=True)
class Cron:
    """Due by the clock.

    Parameters
    ----------
    text : str
        Minute, hour, day of the month, month, day of the week, e.g. ``0 10 * * MON-FRI``.
    zone : str
        Whose clock; default UTC. Elsewhere every wall time counts once: one that a clock set back shows
        twice is due the first time, one that a clock set forward skips is due that much later.
    """

    text: str
    zone: str = "UTC"

    def between(self, after: datetime, until: datetime) -> list[datetime]:
        """Return the moments in ``(after, until]``.

        Raises
        ------
        UsageError
            A text or a zone that is not understood.
        """
        croniter = require("croniter", extra="jobs").croniter
        zone = _zone(self.zone)
        # A day more on either side: wall times are walked, and clocks are set by an hour or more.
        wall = (after.astimezone(zone) - timedelta(days=1)).replace(tzinfo=None)
        last = (until.astimezone(zone) + timedelta(days=1)).replace(tzinfo=None)
        if not croniter.is_valid(self.text):
            raise UsageError(f"'{self.text}' is no time of a schedule (rule: minute hour day month weekday)")
        walk, found = croniter(self.text, wall), set()
        while (shown := walk.get_next(datetime)) <= last:
            found.add(shown.replace(tzinfo=zone, fold=0).astimezone(UTC))
        return sorted(moment for moment in found if after < moment <= until)

    def __str__(self) -> str:
        return self.text if self.zone == "UTC" else f"{self.text} {self.zone}"


@dataclass(frozen=True, slots=True)
class AfterClose:
    """Due after every session of a market, half days too.

    Parameters
    ----------
    minutes : int
        After the close: the last bar must have arrived.
    calendar : str
        Of the market; empty stands for every market that something is served of.
    """

    minutes: int = 15
    calendar: str = ""

    def between(self, after: datetime, until: datetime) -> list[datetime]:
        """Return the moments in ``(after, until]``.

        Examples
        --------
        >>> friday = datetime(2026, 11, 27, tzinfo=UTC)
        >>> [f"{moment:%H:%M}" for moment in AfterClose(15, "XNYS").between(friday, friday + timedelta(days=1))]
        ['18:15']
        """
        later = timedelta(minutes=self.minutes)
        sessions = market_calendar(self.calendar).schedule(after - timedelta(days=2), until + timedelta(days=1))
        closes = (close + later for close in sessions["closes_at"].to_list())
        return [moment for moment in closes if after < moment <= until]

    def __str__(self) -> str:
        return f"{self.minutes} min after the close{f' of {self.calendar}' if self.calendar else ''}"


@dataclass(frozen=True, slots=True)
class InSession:
    """Due every hour while a market is open, not at its open and not at its close.

    Parameters
    ----------
    minute : int
        Of the hour: the bars of the hour must have arrived.
    calendar : str
        Of the market; empty stands for every market that something is served of.
    """

    minute: int = 15
    calendar: str = ""

    def between(self, after: datetime, until: datetime) -> list[datetime]:
        """Return the moments in ``(after, until]``.

        Examples
        --------
        >>> friday = datetime(2026, 11, 27, tzinfo=UTC)
        >>> [f"{moment:%H:%M}" for moment in InSession(15, "XNYS").between(friday, friday + timedelta(days=1))]
        ['15:15', '16:15', '17:15']
        """
        sessions = market_calendar(self.calendar).schedule(after - timedelta(days=2), until + timedelta(days=1))
        found = []
        for opens, closes in sessions.select("opens_at", "closes_at").iter_rows():
            moment = opens.replace(minute=self.minute, second=0, microsecond=0)
            while moment < closes:
                found += [moment] if moment > opens else []
                moment += timedelta(hours=1)
        return [moment for moment in found if after < moment <= until]

    def __str__(self) -> str:
        return f"every hour at :{self.minute:02d} while {self.calendar or 'its market'} is open"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the schedule.

    Parameters
    ----------
    title : str
        For people.
    kind : str
        Of the job, see ``runs.durable``.
    when : Cron, AfterClose or InSession
    settings : mapping
        Of the job; ``symbols`` of a market's entry are filled in, those that serve one of its ``timeframes``.
    """

    title: str
    kind: str
    when: Cron | AfterClose | InSession
    settings: Mapping[str, object] = field(default_factory=dict)


def due(entry: Entry, after: datetime, until: datetime) -> list[datetime]:
    """Return the UTC moments in ``(after, until]`` at which an entry is due, in order.

    Parameters
    ----------
    entry : Entry
    after, until : datetime
        With their zone; ``after`` itself is not among them.

    Raises
    ------
    UsageError
        A moment without a zone, or a time that is not understood.

    Examples
    --------
    >>> weekly = Entry("weights", "weights", Cron("0 5 * * MON"))
    >>> friday = datetime(2026, 11, 20, tzinfo=UTC)
    >>> [moment.isoformat() for moment in due(weekly, friday, friday + timedelta(days=7))]
    ['2026-11-23T05:00:00+00:00']
    """
    if after.tzinfo is None or until.tzinfo is None:
        raise UsageError(f"due times between {after} and {until}: both need a time zone")
    return entry.when.between(after, until) if after < until else []


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"'{name}' is no time zone: write one such as America/New_York") from error
