"""Health of what is stored: is each series up to date, whole, and still moving?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from augury.core.bars import Bars
from augury.core.errors import UsageError
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.calendar.availability import known_at
from augury.data.calendar.openings import bar_opens
from augury.data.lake.files import LakeEntry
from augury.data.lake.lake import Lake

LOOKED_AT: Final = 1000
"""Newest bars of a series that are judged: health is about now, and older files need not be read."""
STUCK: Final = 30
"""So many equal closes at the end of a series mean a feed that repeats itself."""
ALARMING: Final = ("stale", "stuck")


@dataclass(frozen=True, slots=True)
class SeriesHealth:
    """How one stored series is.

    Parameters
    ----------
    symbol, timeframe : str
    last : datetime
        Open of its newest bar.
    sessions_behind : int
        Whole sessions that have closed since the one of its newest bar; for w1 those of closed weeks.
    missing : int
        Bars the calendar expects among the newest ``LOOKED_AT`` and that are not there.
    equal_closes : int
        Length of the run of equal closes at its end, at least 1.
    verdict : str
        ``stale`` (a session or more behind), ``stuck``, ``gaps`` or ``ok``, the first that holds.
    """

    symbol: str
    timeframe: str
    last: datetime
    sessions_behind: int
    missing: int
    equal_closes: int
    verdict: str

    @property
    def alarming(self) -> bool:
        """True when someone should look: the series is stale or stuck."""
        return self.verdict in ALARMING


def health(lake: Lake, now: datetime, *, grace_minutes: int = 0) -> list[SeriesHealth]:
    """Judge every series of a lake, by timeframe and symbol.

    Parameters
    ----------
    lake : Lake
    now : datetime
        The present moment, with its time zone.
    grace_minutes : int
        How long after the close a session's bars may take to arrive. Default 0; larger is more patient.

    Raises
    ------
    UsageError
        ``now`` has no time zone or the grace is negative.
    CorruptStore
        A stored file is damaged.

    Examples
    --------
    >>> from datetime import UTC
    >>> from tempfile import mkdtemp
    >>> from augury.data.synthetic import SyntheticMarket
    >>> lake = Lake(mkdtemp())
    >>> _ = lake.write(SyntheticMarket(n_symbols=1, n_bars=3).bars())
    >>> [row.verdict for row in health(lake, datetime(2010, 1, 7, 12, tzinfo=UTC))]
    ['ok']
    """
    if now.tzinfo is None or grace_minutes < 0:
        raise UsageError(f"now={now.isoformat()} needs a time zone and grace_minutes={grace_minutes} must be >= 0")
    moment = now - timedelta(minutes=grace_minutes)
    return [_judged(lake, entry, moment) for entry in lake.entries()]


def _judged(lake: Lake, entry: LakeEntry, moment: datetime) -> SeriesHealth:
    bars = lake.read([entry.symbol], entry.timeframe, last=LOOKED_AT)
    behind, missing, equal = _behind(bars, moment), _missing(bars), _equal_closes(bars)
    found = {"stale": behind >= 1, "stuck": equal >= STUCK, "gaps": missing > 0, "ok": True}
    verdict = next(name for name, holds in found.items() if holds)
    return SeriesHealth(entry.symbol, str(entry.timeframe), entry.last, behind, missing, equal, verdict)


def _session_of_last(bars: Bars) -> datetime:
    """The session of the newest bar; a bar outside trading hours counts to its UTC day."""
    last, market = bars.frame["ts"][-1], market_calendar(bars.calendar)
    if bars.timeframe is Timeframe.W1:
        return market.last_of_week(last)
    day: datetime = last.replace(hour=0, minute=0, second=0, microsecond=0)
    if bars.timeframe is Timeframe.D1:
        return day
    return market.session_of(last, bars.timeframe.minutes or 0) or day


def _behind(bars: Bars, moment: datetime) -> int:
    last = _session_of_last(bars)
    if moment <= last:
        return 0
    # One day more: a session may close on the UTC day before the one it is named by.
    sessions = market_calendar(bars.calendar).sessions(last + timedelta(days=1), moment + timedelta(days=1))
    timeframe = Timeframe.W1 if bars.timeframe is Timeframe.W1 else Timeframe.D1
    return int((known_at(sessions, timeframe, bars.calendar) <= moment).sum())


def _missing(bars: Bars) -> int:
    """Bars due in the sessions between the first and the last here, less those that are there, by session."""
    ts, market = bars.frame["ts"], market_calendar(bars.calendar)
    if bars.timeframe.minutes is None:
        due = bar_opens(bars.timeframe, bars.calendar, ts[0], ts[-1])["ts"]
        return int((~due.is_in(ts.implode())).sum())
    sessions = market.sessions_of(ts, bars.timeframe.minutes).drop_nulls()
    if sessions.is_empty():
        return 0
    due = bar_opens(bars.timeframe, bars.calendar, sessions[0], sessions[-1])["session"]
    names, counts = np.unique(due.to_physical().to_numpy(), return_counts=True)
    there = np.searchsorted(names, sessions.to_physical().to_numpy())
    short = np.maximum(0, counts - np.bincount(there, minlength=len(names)))
    # The first session may have begun before what was read, the last may still go on.
    return int(short[1:-1].sum())


def _equal_closes(bars: Bars) -> int:
    closes = bars.frame["close"].to_numpy()
    changes = np.flatnonzero(closes[1:] != closes[:-1])
    return len(closes) - (int(changes[-1]) + 1 if len(changes) else 0)
