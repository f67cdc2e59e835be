"""Is it well: the process, the store, the models, the worker."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from augury.core.errors import AuguryError
from augury.records.database_probe import check_writable
from augury.service.backend import Backend
from augury.service.strict import Answer

WORKER_SILENT: Final = timedelta(minutes=2)
"""A worker that has not been heard of for this long is dead."""
PATIENCE_S: Final = 2.0
"""A look at the store that takes longer is itself the answer."""


class Part(Answer):
    """One part and how it is."""

    name: str
    well: bool
    detail: str


class Health(Answer):
    """All parts; ``ready`` when every one is well."""

    ready: bool
    checked_at: datetime
    parts: list[Part]


@dataclass
class Checkup:
    """One look at a time, whoever asks: people who wait for the same look share it.

    Parameters
    ----------
    patience_s : float
    """

    patience_s: float = PATIENCE_S
    _looker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="health"))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _under_way: Future[list[Part]] | None = None

    def parts(self, backend: Backend) -> list[Part]:
        """Return the parts of the store, or that it did not answer in time."""
        with self._lock:
            if self._under_way is None or self._under_way.done():
                self._under_way = self._looker.submit(_stored, backend)
            look = self._under_way
        try:
            return look.result(self.patience_s)
        except NotInTime:
            return [Part(name="store", well=False, detail=f"no answer within {self.patience_s:g} s")]


def health(backend: Backend) -> Health:
    """Look at every part; answers within ``PATIENCE_S`` also when the store does not."""
    checkup: Checkup = backend.parts.setdefault("checkup", Checkup())
    parts = checkup.parts(backend)
    return Health(ready=all(part.well for part in parts), checked_at=backend.workspace.clock.now(), parts=parts)


def _stored(backend: Backend) -> list[Part]:
    store = backend.workspace.store
    try:
        check_writable(store.engine)
        champions = len(store.versions.champion_cells())
        worker = _worker(backend)
    except AuguryError as error:
        return [Part(name="store", well=False, detail=error.code)]
    said = f"{champions} champions" if champions else "no champion yet: augury train --symbol ^GSPC --timeframe d1"
    return [
        Part(name="store", well=True, detail="answers and can be written"),
        Part(name="models", well=champions > 0, detail=said),
        worker,
    ]


def _worker(backend: Backend) -> Part:
    """A worker is well when one was heard of lately and no running job has lost its own."""
    store, now = backend.workspace.store, backend.workspace.clock.now()
    beats = store.heartbeats.list()
    alive = [beat for beat in beats if now - beat.at <= WORKER_SILENT]
    lost = [
        job for job in store.jobs.list(states=["running"], limit=1000)
        if job.heartbeat_at is None or now - job.heartbeat_at > WORKER_SILENT
    ]  # fmt: skip
    if not alive:
        last = f", last heard of {beats[0].at:%Y-%m-%d %H:%M} UTC" if beats else ""
        return Part(name="worker", well=False, detail=f"none is alive{last}: augury worker")
    said = f"{len(alive)} alive, {len(lost)} running jobs without a sign of life"
    return Part(name="worker", well=not lost, detail=said)
