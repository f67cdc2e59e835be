"""Cells: where limits count, in this process or in Redis, several subjects in one step.

GCRA keeps one number a subject: the moment at which it would be even with its rate. A call moves it on
by one interval and is refused when that would put it more than the burst ahead of now. A day's allowance
is a plain counter. A call that any of them refuses moves none: all are looked at first, then all are taken.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import structlog

from augury.core.extras import require

_SLACK_S: Final = 1e-6
_SUBJECTS_MAX: Final = 50_000
_DOWN_S: Final = 5.0
_log = structlog.get_logger("augury.service")


class Subject(NamedTuple):
    """Whose calls are counted: one each ``interval_s`` seconds, ``burst`` of them at once."""

    name: str
    interval_s: float
    burst: int


class Day(NamedTuple):
    """A day's allowance: ``limit`` calls, forgotten ``left_s`` seconds from now."""

    name: str
    limit: int
    left_s: float


class Taken(NamedTuple):
    """What came of a call.

    Parameters
    ----------
    subject : int
        The one that refused, else the one nearest to its limit; -1 is the day.
    ahead_s : float
        How far that subject is ahead of now.
    retry_s : float
        Until the next call is free; 0 when this one was.
    used : int
        Calls of the day, this one counted if it was let through.
    """

    allowed: bool
    subject: int
    ahead_s: float
    retry_s: float
    used: int


class Cells(Protocol):
    """Where limits count."""

    async def take(self, subjects: Sequence[Subject], day: Day | None = None) -> Taken | None:
        """Take one call from every subject or from none; None when the day's count is not known yet."""
        ...

    async def begin(self, day: Day, used: int, ahead_s: Mapping[str, float]) -> None:
        """Say what was used before counting began; what is known already stays."""
        ...

    async def give_back(self, subjects: Sequence[Subject]) -> None:
        """Undo one take."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


@dataclass
class MemoryCells:
    """In this process. Nothing is awaited between looking and taking, so no lock is needed."""

    _arrivals: dict[str, float] = field(default_factory=dict)
    _used: dict[str, int] = field(default_factory=dict)

    async def take(self, subjects: Sequence[Subject], day: Day | None = None) -> Taken | None:
        """See :class:`Cells`.

        Examples
        --------
        Ten a second with a burst of five: fifty calls at once are five, and the next is free in 0.1 s.

        >>> import asyncio
        >>> cells, subject = MemoryCells(), Subject("key", 0.1, 5)
        >>> async def fifty():
        ...     return [await cells.take([subject]) for _ in range(50)]
        >>> taken = asyncio.run(fifty())
        >>> sum(one.allowed for one in taken), round(taken[-1].retry_s, 1)
        (5, 0.1)
        """
        used = 0
        if day is not None:
            known = self._used.get(day.name)
            if known is None:
                return None
            used = known
        now, moved, tightest = time.monotonic(), [], (1e9, 0, 0.0)
        for index, (name, interval_s, burst) in enumerate(subjects):
            arrival = max(self._arrivals.get(name, now), now) + interval_s
            ahead = arrival - now
            if ahead > interval_s * burst + _SLACK_S:
                return Taken(False, index, ahead - interval_s, ahead - interval_s * burst, used)
            tightest = min(tightest, (burst - ahead / interval_s, index, ahead))
            moved.append((name, arrival))
        if day is not None:
            if used >= day.limit:
                return Taken(False, -1, 0.0, day.left_s, used)
            used = self._used[day.name] = used + 1
        self._arrivals.update(moved)
        if len(self._arrivals) > _SUBJECTS_MAX:
            self._arrivals = {name: arrival for name, arrival in self._arrivals.items() if arrival > now}
        return Taken(True, tightest[1], tightest[2], 0.0, used)

    async def begin(self, day: Day, used: int, ahead_s: Mapping[str, float]) -> None:
        """See :class:`Cells`."""
        if day.name in self._used:
            return
        owner = day.name.rpartition(":")[0]
        # Yesterday's count of the same tenant is of no use any more.
        for name in [name for name in self._used if name.rpartition(":")[0] == owner]:
            del self._used[name]
        self._used[day.name] = used
        now = time.monotonic()
        for name, ahead in ahead_s.items():
            self._arrivals.setdefault(name, now + ahead)

    async def give_back(self, subjects: Sequence[Subject]) -> None:
        """See :class:`Cells`."""
        for name, interval_s, _ in subjects:
            if name in self._arrivals:
                self._arrivals[name] -= interval_s

    async def close(self) -> None:
        """See :class:`Cells`."""


_TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local n, used = tonumber(ARGV[1]), 0
if #KEYS > n then
  local known = redis.call('GET', KEYS[n + 1])
  if not known then return {} end
  used = tonumber(known)
end
local moved, room, at, far = {}, 1e9, 0, 0
for i = 1, n do
  local interval, burst = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local arrival = math.max(tonumber(redis.call('GET', KEYS[i]) or now), now) + interval
  local ahead = arrival - now
  if ahead > interval * burst + 0.000001 then
    return {0, i - 1, string.format('%.6f', ahead - interval), string.format('%.6f', ahead - interval * burst), used}
  end
  if burst - ahead / interval < room then room, at, far = burst - ahead / interval, i - 1, ahead end
  moved[i] = {string.format('%.6f', arrival), math.ceil(ahead * 1000)}
end
if #KEYS > n then
  if used >= tonumber(ARGV[2 * n + 2]) then return {0, -1, '0', ARGV[2 * n + 3], used} end
  used = redis.call('INCR', KEYS[n + 1])
end
for i = 1, n do redis.call('SET', KEYS[i], moved[i][1], 'PX', moved[i][2]) end
return {1, at, string.format('%.6f', far), '0', used}
"""
_BEGIN: Final = """
if not redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'NX') then return 0 end
return 1
"""
_GIVE_BACK: Final = """
for i = 1, #KEYS do
  local arrival = redis.call('GET', KEYS[i])
  if arrival then redis.call('SET', KEYS[i], string.format('%.6f', arrival - ARGV[i]), 'KEEPTTL') end
end
return 1
"""


class RedisCells:
    """In Redis, for several processes; each step is one script, and the clock is the server's.

    While Redis cannot be reached, this process counts alone: answering goes on.

    Parameters
    ----------
    url : str
        ``redis://host:6379/0`` or ``unix:///path``.
    """

    def __init__(self, url: str) -> None:
        redis = require("redis.asyncio", extra="cache")
        self._error: type[Exception] = redis.RedisError
        client: Any = redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)
        self._client = client
        self._take, self._begin = client.register_script(_TAKE), client.register_script(_BEGIN)
        self._give_back = client.register_script(_GIVE_BACK)
        self._alone = MemoryCells()
        self._down_until = 0.0

    async def take(self, subjects: Sequence[Subject], day: Day | None = None) -> Taken | None:
        """See :class:`Cells`."""
        keys = [_key(subject.name) for subject in subjects] + ([_key(day.name)] if day else [])
        said: list[Any] = [len(subjects)]
        for subject in subjects:
            said += [repr(subject.interval_s), subject.burst]
        if day is not None:
            said += [day.limit, repr(day.left_s)]
        answer = await self._ask(self._take, keys, said)
        if answer is None:
            return await self._alone.take(subjects, day)
        if not answer:
            return None
        allowed, index, ahead, retry, used = answer
        return Taken(allowed == 1, int(index), float(ahead), float(retry), int(used))

    async def begin(self, day: Day, used: int, ahead_s: Mapping[str, float]) -> None:
        """See :class:`Cells`. Redis outlives this process: the arrivals it holds are the truth."""
        await self._alone.begin(day, used, ahead_s)
        await self._ask(self._begin, [_key(day.name)], [used, max(1, int(day.left_s) + 60)])

    async def give_back(self, subjects: Sequence[Subject]) -> None:
        """See :class:`Cells`."""
        keys, said = [_key(one.name) for one in subjects], [repr(one.interval_s) for one in subjects]
        if await self._ask(self._give_back, keys, said) is None:
            await self._alone.give_back(subjects)

    async def close(self) -> None:
        """See :class:`Cells`."""
        await self._client.aclose()

    async def _ask(self, script: Any, keys: list[str], said: list[Any]) -> Any:
        if time.monotonic() < self._down_until:
            return None
        try:
            return await script(keys=keys, args=said)
        except (self._error, OSError) as error:
            if time.monotonic() >= self._down_until:
                _log.warning("limits are counted in this process alone", kind=type(error).__name__)
            self._down_until = time.monotonic() + _DOWN_S
            return None


def _key(name: str) -> str:
    return f"augury:limit:{name}"
