"""Who says what time it is: nothing else in Augury reads the machine's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Anything that knows the present moment in UTC."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """A clock that stands still: tests and replays.

    Examples
    --------
    >>> FixedClock(datetime(2018, 12, 31, 21, tzinfo=UTC)).now().isoformat()
    '2018-12-31T21:00:00+00:00'
    """

    at: datetime

    def now(self) -> datetime:
        """Return the moment this clock stands at."""
        return self.at


def iso(moment: datetime) -> str:
    """Write a UTC moment as RFC 3339 with ``Z``.

    Examples
    --------
    >>> iso(datetime(2018, 12, 31, 21, tzinfo=UTC))
    '2018-12-31T21:00:00Z'
    """
    text = moment.astimezone(UTC).isoformat(timespec="microseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")
