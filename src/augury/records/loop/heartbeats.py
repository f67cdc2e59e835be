"""Heartbeats: which workers are alive, also those that have nothing to do.

A row of ``controls`` that is written again every ``BEAT_S``, without a line in the journal: a beat is no
decision of anybody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from augury.core.clock import Clock
from augury.core.errors import TemporaryError
from augury.records.database import reading, transaction
from augury.records.loop.tables import controls as table

BEAT_S: Final = 30.0
PREFIX: Final = "worker:"
_FORGOTTEN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A worker and when it was last heard of."""

    worker: str
    queues: tuple[str, ...]
    at: datetime


@dataclass(frozen=True)
class Heartbeats:
    """The heartbeats in a store.

    Parameters
    ----------
    engine : Engine
    clock : Clock
    """

    engine: Engine
    clock: Clock

    def beat(self, worker: str, queues: Sequence[str]) -> None:
        """Say that a worker is alive; workers that were silent for a day are forgotten."""
        now = self.clock.now()
        values = {"value_json": {"queues": list(queues)}, "set_by": worker, "set_at": now}
        mine = table.c.name.startswith(PREFIX, autoescape=True)
        with transaction(self.engine) as connection:
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            adding = dialect.insert(table).values(name=PREFIX + worker, **values)
            connection.execute(adding.on_conflict_do_update(index_elements=["name"], set_=values))
            connection.execute(delete(table).where(mine, table.c.set_at < now - _FORGOTTEN))

    def leave(self, worker: str) -> None:
        """Say that a worker has ended as it was told to."""
        with transaction(self.engine) as connection:
            connection.execute(delete(table).where(table.c.name == PREFIX + worker))

    def list(self) -> Sequence[Heartbeat]:
        """Return the workers that have not said goodbye, the last heard of first."""
        wanted = select(table).where(table.c.name.startswith(PREFIX, autoescape=True))
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(table.c.set_at.desc(), table.c.name)).all()
        return [Heartbeat(row.set_by, tuple(row.value_json["queues"]), row.set_at) for row in rows]

    @contextmanager
    def beating(self, worker: str, queues: Sequence[str], every_s: float = BEAT_S) -> Iterator[None]:
        """Beat beside the work of the block, and say goodbye at its end; a store that is away is outlived."""
        stop = threading.Event()

        def beat_on() -> None:
            while True:
                _outlived(lambda: self.beat(worker, queues))
                if stop.wait(every_s):
                    return

        thread = threading.Thread(target=beat_on, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            _outlived(lambda: self.leave(worker))


def _outlived(act: Callable[[], None]) -> None:
    try:
        act()
    except TemporaryError:
        return
