"""Jobs: what was asked for, how far it is, how it ended; and asking for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from augury.core.errors import Forbidden, GateRefused, LimitReached, NotFound, UsageError
from augury.records.loop.jobs import ACTIVE, ENDED, Job
from augury.records.loop.tables import JOB_STATES
from augury.runs.durable import KINDS
from augury.runs.durable.submission import submit
from augury.service.access import tenants_seen
from augury.service.accounts.caller import Caller
from augury.service.accounts.limits import PLANS
from augury.service.answers.job_settings import check_settings
from augury.service.backend import Backend
from augury.service.cursors import read_cursor, write_cursor
from augury.service.problems import facts_without_places
from augury.service.strict import Answer

TRAINER_KINDS: Final = frozenset({"train", "forecast", "evaluate", "tune", "validate", "audit"})
"""Whoever may ask for jobs may ask for these; the others change the installation and are its operators'."""
EXAMPLE: Final = "20261121T105800Z-1a2b3c"


class JobInState(GateRefused):
    """The job is not in a state in which this can be done to it."""


class JobFailure(Answer):
    """Why a job did not succeed, and the command that helps."""

    code: str
    message: str
    fix: str


class JobAnswer(Answer):
    """One job. ``progress`` is the share of its steps that ended, 0 to 1; null before their number is known."""

    id: str
    kind: str
    state: str
    progress: float | None
    settings: dict[str, Any]
    queue: str
    priority: int
    attempt: int
    attempts_allowed: int
    time_limit_s: float
    submitted_by: str
    submitted_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None
    ended_at: datetime | None
    result: dict[str, Any] | None
    error: JobFailure | None
    installation: bool
    """True for a job of the installation itself: its schedule's or its command line's."""


class JobPage(Answer):
    """Jobs, the last submitted first; ``next_cursor`` leads to older ones."""

    jobs: list[JobAnswer]
    next_cursor: str | None


class LogLine(Answer):
    """One line of a job's log."""

    id: int
    at: datetime
    level: str
    text: str
    data: dict[str, Any] | None


class JobLog(Answer):
    """Lines of a job's log in order; ask again with ``after`` = the last id."""

    job: str
    lines: list[LogLine]


class KindAnswer(Answer):
    """A kind of job: its settings with their defaults, and the scope that asking for it needs."""

    kind: str
    does: str
    queue: str
    needs: str
    time_limit_s: float
    settings: dict[str, Any]


class KindPage(Answer):
    """The kinds of job there are."""

    kinds: list[KindAnswer]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks to be done."""

    kind: str
    settings: Mapping[str, Any]
    priority: int = 10
    key: str | None = None
    request_id: str = ""


def kinds() -> KindPage:
    """Return the kinds of job."""
    return KindPage(
        kinds=[
            KindAnswer(
                kind=name, does=kind.title, queue=kind.queue, needs="train" if name in TRAINER_KINDS else "operate",
                time_limit_s=kind.time_limit_s, settings=dict(kind.settings),
            )
            for name, kind in KINDS
        ]
    )  # fmt: skip


def ask(backend: Backend, caller: Caller, wish: Wish) -> JobAnswer:
    """Write a job down for a worker.

    Raises
    ------
    UnknownName, UsageError
        No such kind, or a setting that cannot be right; the field is named.
    Forbidden
        The kind changes the installation, and the caller does not run it.
    LimitReached
        The tenant has as many jobs as its plan allows.
    """
    kind = KINDS.load(wish.kind)
    _may(caller, wish.kind)
    check_settings(kind, wish.settings)
    job = submit(
        backend.workspace, wish.kind, wish.settings, key=wish.key, priority=wish.priority, by=caller.name,
        tenant_id=caller.tenant_id, at_most=PLANS[caller.plan].jobs,
    )  # fmt: skip
    _noted(backend, caller, "job submitted", job, wish.request_id)
    return job_answer(backend, job)


def jobs(
    backend: Backend, caller: Caller, states: Sequence[str] = (), kind: str | None = None, limit: int = 50,
    cursor: str | None = None,
) -> JobPage:  # fmt: skip
    """Return the jobs a caller sees."""
    for state in states:
        if state not in JOB_STATES:
            raise UsageError(f"unknown state '{state}' (known: {', '.join(JOB_STATES)})")
    question = {"of": "jobs", "states": sorted(states), "kind": kind}
    after = read_cursor(cursor, question, str)
    found = backend.workspace.store.jobs.list(
        states=states, kind=kind, limit=limit + 1, tenants=tenants_seen(caller), before=after[0] if after else None
    )
    more = write_cursor(question, [found[limit - 1].id]) if len(found) > limit else None
    return JobPage(jobs=[job_answer(backend, one) for one in found[:limit]], next_cursor=more)


def job(backend: Backend, caller: Caller, job_id: str) -> JobAnswer:
    """Return one job; a foreign one is unknown."""
    return job_answer(backend, seen(backend, caller, job_id))


def seen(backend: Backend, caller: Caller, job_id: str) -> Job:
    """Look a job up that a caller sees.

    Raises
    ------
    NotFound
        There is none of that id, or it is another tenant's: nobody can tell which.
    """
    unknown = NotFound("no such job", fix="augury jobs list")
    try:
        found = backend.workspace.store.jobs.get(job_id)
    except NotFound:
        raise unknown from None
    if found.id != job_id or found.tenant_id not in tenants_seen(caller):
        raise unknown
    return found


def log(backend: Backend, caller: Caller, job_id: str, after: int = 0, limit: int = 1000) -> JobLog:
    """Return the log of a job."""
    found = seen(backend, caller, job_id)
    events = backend.workspace.store.jobs.events(found.id, after=after, limit=limit)
    lines = [
        LogLine(
            id=one.id, at=one.ts, level=one.level, **facts_without_places(backend, {"text": one.text, "data": one.data})
        )
        for one in events
    ]
    return JobLog(job=found.id, lines=lines)


def cancel(backend: Backend, caller: Caller, job_id: str, request_id: str = "") -> JobAnswer:
    """Cancel a job, also one that runs: its worker stops within a second. A cancelled one stays so.

    Raises
    ------
    JobInState
        It has ended otherwise.
    """
    found = seen(backend, caller, job_id)
    _may(caller, found.kind)
    store = backend.workspace.store
    if store.jobs.end(found.id, "cancelled", f"by {caller.name}"):
        _noted(backend, caller, "job cancelled", found, request_id)
    found = store.jobs.get(found.id)
    if found.state != "cancelled":
        raise JobInState(f"job {found.id} has ended: it is {found.state}", fix=f"augury jobs show {found.id}")
    return job_answer(backend, found)


def retry(backend: Backend, caller: Caller, job_id: str, request_id: str = "") -> JobAnswer:
    """Queue a job again that failed, died or was cancelled; what it had finished is not done twice.

    Raises
    ------
    JobInState
        It succeeded, or has not ended.
    LimitReached
        The tenant has as many jobs as its plan allows.
    """
    found = seen(backend, caller, job_id)
    _may(caller, found.kind)
    store = backend.workspace.store
    if found.state not in ENDED or found.state == "succeeded":
        raise JobInState(f"job {found.id} is {found.state}: only one that failed, died or was cancelled is retried")
    allowed = PLANS[caller.plan].jobs
    if len(store.jobs.list(states=ACTIVE, tenants=(caller.tenant_id,), limit=allowed)) >= allowed:
        raise LimitReached(f"the plan allows {allowed} jobs at once", fix="augury jobs list", retry_after_s=30.0)
    again = store.jobs.again(found.id, caller.name)
    _noted(backend, caller, "job retried", again, request_id)
    return job_answer(backend, again)


def job_answer(backend: Backend, one: Job) -> JobAnswer:
    """Write a job as an answer."""
    same = {name: getattr(one, name) for name in JobAnswer.model_fields if hasattr(one, name) and name != "error"}
    same |= facts_without_places(backend, {"settings": one.settings, "result": one.result})
    said = facts_without_places(backend, one.error or {})
    failure = JobFailure(**{name: str(said.get(name, "")) for name in JobFailure.model_fields}) if said else None
    limits = {"attempts_allowed": one.limits.get("attempts", 1), "time_limit_s": one.limits.get("time_limit_s", 0.0)}
    return JobAnswer(**same | limits, error=failure, installation=one.tenant_id is None)


def _may(caller: Caller, kind: str) -> None:
    if kind not in TRAINER_KINDS and "operate" not in caller.scopes:
        raise Forbidden(f"jobs of kind '{kind}' change the installation: they are its operators' to ask for",
                        fix=f"augury jobs submit {kind}", needs="operate")  # fmt: skip


def _noted(backend: Backend, caller: Caller, act: str, one: Job, request_id: str) -> None:
    backend.workspace.store.audit_trail.add(
        caller.tenant_id, caller.actor, act, one.id, request_id=request_id or None, data={"kind": one.kind}
    )
