"""The meter: a line of the access log and a row of usage for each call, written in batches beside the answering.

Both are made from the same value. Lines are written first, and whatever the store says: they hold what it did not take.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import structlog

from augury.core.errors import StoreError, TemporaryError
from augury.records.accounts.usage import Call
from augury.records.store import Store
from augury.service.accounts.lines import write_lines

__all__ = ["Call", "Meter"]
EVERY_S: Final = 0.25
FAILED: Final = 500
_BATCH: Final = 5_000
_log = structlog.get_logger("augury.service")


@dataclass
class Meter:
    """Writes calls down, a batch at a time; what the store does not take now waits and is tried again.

    Parameters
    ----------
    store : Store
    """

    store: Store
    _said: list[Call] = field(default_factory=list)
    _waiting: list[Call] = field(default_factory=list)
    _warnings: list[tuple[str, date, int, int, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _logging: threading.Lock = field(default_factory=threading.Lock)
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def note(self, call: Call) -> None:
        """Remember one call: it is in the log and, when it is known whose it was, in the store within a second.

        A failure of ours is in the log at once.
        """
        # No lock: adding to a list is one step, and whoever answers waits for nobody who writes.
        self._said.append(call)
        if call.tenant_id:
            self._waiting.append(call)
        if self._thread is None:
            with self._lock:
                self._start()
        if call.status >= FAILED:
            self._write_lines()

    def warn(self, tenant_id: str, day: date, percent: int, used: int, limit: int) -> None:
        """Remember that a tenant has used a part of a day's calls."""
        with self._lock:
            self._warnings.append((tenant_id, day, percent, used, limit))
            self._start()

    def flush(self) -> None:
        """Write what waits.

        Raises
        ------
        StoreBusy, TemporaryError, StoreError
            The store did not take it: it waits on.
        """
        self._write_lines()
        with self._writing:
            while calls := self._waiting[:_BATCH]:
                self.store.usage.add(calls)
                del self._waiting[: len(calls)]
            while self._warnings:
                self.store.usage.warn(*self._warnings[0])
                with self._lock:
                    del self._warnings[0]

    def close(self) -> None:
        """Write what waits and stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._try(self.flush)
        if self._waiting:
            _log.error("usage rows were not written: the access log holds them", rows=len(self._waiting))

    def _write_lines(self) -> None:
        with self._logging:  # lines stay in the order of their calls
            while calls := self._said[:_BATCH]:
                # A log that takes nothing (disk full, pipe closed) stops nobody: the rows are in the store.
                with contextlib.suppress(OSError, ValueError):
                    write_lines(calls)
                del self._said[: len(calls)]

    def _start(self) -> None:
        if self._thread is None and not self._stop.is_set():
            self._thread = threading.Thread(target=self._write_on, name="meter", daemon=True)
            self._thread.start()

    def _write_on(self) -> None:
        while not self._stop.wait(EVERY_S):
            self._try(self.flush)

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (TemporaryError, StoreError) as error:
            _log.warning("usage rows wait: the store does not take them", code=error.code, rows=len(self._waiting))
