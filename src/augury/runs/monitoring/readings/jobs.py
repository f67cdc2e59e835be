"""Whether the workers live, and how much of the work fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from augury.core.typing import Json
from augury.runs.monitoring.measured import Measured, Reading
from augury.runs.workspace import Workspace

WINDOW: Final = timedelta(days=1)
_BROKEN: Final = ("failed", "dead")
_MOST: Final = 1000


def _read(workspace: Workspace, now: datetime) -> Sequence[Measured]:
    jobs = workspace.store.jobs
    running = jobs.list(states=("running",), limit=_MOST)
    silent = {job.id: (now - job.heartbeat_at).total_seconds() for job in running if job.heartbeat_at}
    ended = [
        job for job in jobs.list(states=("succeeded", *_BROKEN), limit=_MOST)
        if job.ended_at is not None and now - WINDOW < job.ended_at <= now
    ]  # fmt: skip
    broken = [job for job in ended if job.state in _BROKEN]
    worst = max(silent, key=lambda name: silent[name], default=None)
    rows: list[Json] = [{"running": len(running), "most_silent_job": worst, "ended": len(ended), "broken": len(broken)}]
    values = {
        "worker_silence": max(silent.values(), default=0.0),
        "error_rate": len(broken) / len(ended) if ended else None,
    }
    return [Measured("jobs", values, rows)]


READING: Final = Reading(("worker_silence", "error_rate"), _read)
