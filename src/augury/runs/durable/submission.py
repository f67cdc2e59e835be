"""Asking for a job: a row is written, in one transaction; who carries it out is another process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from augury.core.errors import UsageError
from augury.core.hashing import canonical_json
from augury.records.loop.jobs import Job, JobRequest
from augury.runs.durable import KINDS
from augury.runs.durable.kind import QUEUES
from augury.runs.workspace import Workspace


def submit(
    workspace: Workspace,
    kind: str,
    settings: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    priority: int = 10,
    queue: str | None = None,
    attempts: int | None = None,
    time_limit_s: float | None = None,
    pause_s: float = 1.0,
    by: str = "python",
    tenant_id: str | None = None,
    at_most: int | None = None,
) -> Job:
    """Ask for a job.

    Parameters
    ----------
    workspace : Workspace
    kind : str
        Of the catalogue ``KINDS``.
    settings : mapping, optional
        Over the kind's defaults.
    key : str, optional
        Idempotency key: asked again with the same key and settings, the same job is returned.
    priority : int
        1 (first) to 100, within its queue.
    queue : str, optional
        Default the kind's.
    attempts : int, optional
        Of one step before the job is given up, >= 1; default the kind's.
    time_limit_s : float, optional
        From its first start; default the kind's.
    pause_s : float
        Before the second attempt; doubled each time, up to a minute.
    by : str
        Who asks.
    tenant_id : str, optional
        Whose job it is; None for the installation's own.
    at_most : int, optional
        Jobs of the tenant that may wait or run at once, this one included.

    Raises
    ------
    UnknownName
        No such kind.
    UsageError
        An unknown setting or queue, a value out of range, or the key stands for other settings.
    LimitReached
        The tenant has as many jobs as it may.
    """
    chosen = KINDS.load(kind)
    complete = chosen.complete(settings or {})
    canonical_json(complete)
    name = queue or chosen.queue
    if name not in QUEUES:
        raise UsageError(f"unknown queue '{name}' (known: {', '.join(QUEUES)})")
    limits = {
        "attempts": chosen.attempts if attempts is None else attempts,
        "time_limit_s": chosen.time_limit_s if time_limit_s is None else time_limit_s,
        "pause_s": pause_s,
    }
    for limit, value in limits.items():
        if value <= 0:
            raise UsageError(f"{limit}={value} is not above 0")
    request = JobRequest(kind, complete, limits, name, priority, key, by, tenant_id, at_most)
    return workspace.store.jobs.submit(request)
