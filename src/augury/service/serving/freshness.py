"""Freshness: one cheap look at the store, shared by everybody, says whether anything was written."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

from fastapi.concurrency import run_in_threadpool

from augury.records.ledger.forecast_pages import ForecastPages
from augury.service.backend import Backend

EVERY_S: Final = 0.2
"""What another process wrote is seen after this at the latest."""


@dataclass
class Freshness:
    """The mark of the store, at most ``EVERY_S`` old.

    Parameters
    ----------
    pages : ForecastPages
    """

    pages: ForecastPages
    _mark: tuple[int, ...] = ()
    _until: float = 0.0
    _look: asyncio.Task[None] | None = field(default=None, repr=False)

    async def mark(self) -> tuple[int, ...]:
        """Return the mark; the store is asked by one caller for all that wait."""
        while time.monotonic() >= self._until:
            if self._look is None:
                self._look = asyncio.create_task(self._renew())
            await asyncio.shield(self._look)
        return self._mark

    def bump(self) -> None:
        """Something was written by this process: look again before the next answer."""
        self._until = 0.0

    async def _renew(self) -> None:
        began = time.monotonic()
        try:
            self._mark = await run_in_threadpool(self.pages.mark)
            self._until = began + EVERY_S
        finally:
            self._look = None


def freshness_of(backend: Backend) -> Freshness:
    """Return the freshness of a backend, made at its first use."""
    found: Freshness = backend.parts.setdefault("freshness", Freshness(ForecastPages(backend.workspace.store.engine)))
    return found
