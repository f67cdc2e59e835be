"""Is it well: the process, the store, the models, the worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from augury.core.errors import AuguryError
from augury.service.backend import Backend
from augury.service.strict import Answer

WORKER_SILENT: Final = timedelta(minutes=2)
"""A running job whose worker has not been heard of for this long has lost it."""


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


def health(backend: Backend) -> Health:
    """Look at every part."""
    now = backend.workspace.clock.now()
    try:
        champions = len(backend.workspace.store.versions.champion_cells())
        lost = [
            job for job in backend.workspace.store.jobs.list(states=["running"])
            if job.heartbeat_at is None or now - job.heartbeat_at > WORKER_SILENT
        ]  # fmt: skip
    except AuguryError as error:
        return Health(ready=False, checked_at=now, parts=[Part(name="store", well=False, detail=error.code)])
    said = f"{champions} champions" if champions else "no champion yet: augury train --symbol ^GSPC --timeframe d1"
    parts = [
        Part(name="store", well=True, detail="answers"),
        Part(name="models", well=champions > 0, detail=said),
        Part(name="worker", well=not lost, detail=f"{len(lost)} running jobs without a sign of life"),
    ]
    return Health(ready=all(part.well for part in parts), checked_at=now, parts=parts)
