"""Live news of jobs: one look at the store for all who watch, and a stream of server-sent events for each.

    id: 42            of a line of the log: where a watcher that comes again goes on (``Last-Event-ID``)
    event: log | progress | state
    data: one JSON object

However many watch, the store is asked once every ``LOOK_S``; nobody watching, it is not asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog
from fastapi.concurrency import run_in_threadpool

from augury.core.errors import AccessError, AuguryError, TemporaryError
from augury.core.hashing import canonical_json
from augury.core.typing import Json
from augury.records.loop.jobs import ENDED, JobEvent
from augury.records.loop.pulse import Pulse, pulse
from augury.records.store import Store

LOOK_S: Final = 0.5
KEEP_ALIVE_S: Final = 15.0
"""Between two comments on a silent stream: a peer that went away is noticed when one is written."""
WATCHERS_MAX: Final = 2000
BACKLOG_MAX: Final = 1000
KEEP_ALIVE: Final = b": still here\n\n"
_log = structlog.get_logger("augury.service")


State = tuple[str, float | None, int]
"""Of a job: its state, the share done, the attempt it is at."""


@dataclass(eq=False)
class Watcher:
    """Somebody who watches; what is new for them waits in ``news``, None when there will be no more.

    Parameters
    ----------
    job_id : str
        Empty to be told that any job of these tenants has changed.
    tenants : tuple of str or None
    """

    job_id: str
    tenants: tuple[str | None, ...] = ()
    news: asyncio.Queue[Pulse | None] = field(default_factory=lambda: asyncio.Queue(BACKLOG_MAX))


@dataclass
class Watch:
    """The one who looks, for all watchers of a process.

    Parameters
    ----------
    store : Store
    look_s : float
        Between two looks, in seconds.
    looks : int
        How often the store was asked.
    closing : bool
        Set from anywhere: every stream ends at the next look.
    """

    store: Store
    look_s: float = LOOK_S
    looks: int = 0
    closing: bool = False
    _watchers: set[Watcher] = field(default_factory=set)
    _states: dict[str, State] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None
    _begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._watchers)

    async def join(self, job_id: str, tenants: tuple[str | None, ...] = ()) -> Watcher:
        """Watch a job, or with an empty id all jobs of some tenants; what is written after this returns is told.

        Raises
        ------
        TemporaryError
            Too many watch already, or the server is about to stop.
        """
        if self.closing or len(self._watchers) >= WATCHERS_MAX:
            raise TemporaryError(f"{WATCHERS_MAX} watchers are as many as one process has", fix="ask again later")
        watcher = Watcher(job_id, tenants)
        self._watchers.add(watcher)
        if self._task is None or self._task.done():
            self._begun, self._states = asyncio.Event(), {}
            self._task = asyncio.create_task(self._look_on(), name="watch of jobs")
        try:
            await self._begun.wait()
        except asyncio.CancelledError:  # they went away before the first look
            self.leave(watcher)
            raise
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Watch no more; the last one who leaves ends the looking."""
        self._watchers.discard(watcher)

    async def _look_on(self) -> None:
        seen: int | None = None
        while self._watchers and not self.closing:
            wanted = {watcher.job_id for watcher in self._watchers if watcher.job_id}
            try:
                found = await run_in_threadpool(pulse, self.store.engine, wanted, seen)
            except AuguryError as error:  # the store is away: the next look finds what this one missed
                _log.warning("no look at the jobs", code=error.code)
            else:
                self.looks += 1
                self._tell(found)
                seen = found.last
                self._begun.set()
            await asyncio.sleep(self.look_s)
        self._begun.set()
        for watcher in list(self._watchers):
            self._hand(watcher, None)

    def _tell(self, found: Pulse) -> None:
        by_job: dict[str, list[JobEvent]] = {}
        for event in found.events:
            by_job.setdefault(event.job_id, []).append(event)
        moved = {job for job in found.states if found.states[job] != self._states.get(job)}
        for watcher in list(self._watchers):
            job_id = watcher.job_id
            if not job_id and not found.tenants.isdisjoint(watcher.tenants):
                self._hand(watcher, found)
            elif job_id in by_job or job_id in moved:
                states = {job_id: found.states[job_id]} if job_id in found.states else {}
                self._hand(watcher, Pulse(found.last, tuple(by_job.get(job_id, ())), states))
        self._states = found.states

    def _hand(self, watcher: Watcher, news: Pulse | None) -> None:
        try:
            watcher.news.put_nowait(news)
        except asyncio.QueueFull:  # they read nothing any more; who comes again goes on where they were
            self.leave(watcher)
            while not watcher.news.empty():
                watcher.news.get_nowait()
            watcher.news.put_nowait(None)


async def stream(
    watch: Watch, job_id: str, after: int, still_allowed: Callable[[], Awaitable[object]],
    shown: Callable[[Json], Json] = dict,
) -> AsyncIterator[bytes]:  # fmt: skip
    """Write what happens to a job as server-sent events, until it ends.

    Parameters
    ----------
    watch : Watch
    job_id : str
    after : int
        The last line of the log that the watcher has.
    still_allowed : callable
        Asked on every silence; raises ``AccessError`` when the watcher may no longer watch.
    shown : callable
        What a watcher may read of a line.
    """
    watcher = await watch.join(job_id)
    told: State | None = None
    try:
        # What was written before joining is read here; a line that the watch tells, too, is known by its id.
        news: Pulse | None = await run_in_threadpool(pulse, watch.store.engine, [job_id], after)
        while news is not None:
            for event in news.events:
                if event.id > after:
                    after = event.id
                    yield written("log", shown(log_line(event)), event.id)
            now = news.states.get(job_id, told)
            for part in _changes(job_id, told, now):
                yield part
            told = now
            if now is None or now[0] in ENDED:
                return
            while (news := await _next(watcher)) is _NOTHING:
                await still_allowed()
                yield KEEP_ALIVE
    except AccessError:
        return
    finally:
        watch.leave(watcher)


async def stream_all(
    watch: Watch, tenants: tuple[str | None, ...], still_allowed: Callable[[], Awaitable[object]]
) -> AsyncIterator[bytes]:
    """Say ``changed`` at first and whenever a job of some tenants was submitted, went on or ended."""
    watcher = await watch.join("", tenants)
    try:
        news: Pulse | None = Pulse(0, (), {})
        while news is not None:
            if news is not _NOTHING:
                yield written("changed", {"last": news.last}, news.last)
            else:
                await still_allowed()
                yield KEEP_ALIVE
            news = await _next(watcher)
    except AccessError:
        return
    finally:
        watch.leave(watcher)


_NOTHING: Final = Pulse(-1, (), {})
"""Nothing was new for as long as a stream may be silent."""


async def _next(watcher: Watcher) -> Pulse | None:
    try:
        return await asyncio.wait_for(watcher.news.get(), KEEP_ALIVE_S)
    except TimeoutError:
        return _NOTHING


def _changes(job_id: str, told: State | None, now: State | None) -> list[bytes]:
    if now is None or now == told:
        return []
    state, share, attempt = now
    said = []
    if share is not None and (told is None or told[1] != share):
        said.append(written("progress", {"job": job_id, "progress": share}))
    if told is None or (told[0], told[2]) != (state, attempt):
        said.append(written("state", {"job": job_id, "state": state, "attempt": attempt, "ended": state in ENDED}))
    return said


def log_line(event: JobEvent) -> Json:
    """Write a line of the log as the API says it."""
    return {
        "id": event.id, "job": event.job_id, "at": event.ts, "level": event.level, "text": event.text,
        "data": event.data,
    }  # fmt: skip


def written(event: str, data: Json, event_id: int | None = None) -> bytes:
    r"""Write one server-sent event; JSON has no line breaks, so no text can end it early.

    Examples
    --------
    >>> written("state", {"job": "a", "state": "running"}, 7)
    b'id: 7\nevent: state\ndata: {"job":"a","state":"running"}\n\n'
    """
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {event}\ndata: {canonical_json(data)}\n\n".encode()
