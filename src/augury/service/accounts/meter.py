"""The meter: one row a call, written in batches beside the answering."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert

from augury.records.account_tables import usage
from augury.records.database import transaction
from augury.records.store import Store

EVERY_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Call:
    """One answered call of somebody known."""

    tenant_id: str
    key_id: str | None
    user_id: str | None
    request_id: str
    at: datetime
    method: str
    route: str
    status: int
    latency_ms: float
    units: int


@dataclass
class Meter:
    """Writes calls down, a batch at a time."""

    store: Store
    _waiting: list[Call] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def note(self, call: Call) -> None:
        """Remember one call; it is in the store within a second."""
        with self._lock:
            self._waiting.append(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_on, name="meter", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            calls, self._waiting = self._waiting, []
        if calls:
            with transaction(self.store.engine) as connection:
                connection.execute(insert(usage), [_row(call) for call in calls])

    def close(self) -> None:
        """Write what waits and stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.flush()

    def _write_on(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.flush()


def _row(call: Call) -> dict[str, Any]:
    return {name: getattr(call, name) for name in Call.__slots__}
