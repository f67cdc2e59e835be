"""Jobs: what was asked for, how far it is and how it ended. The row is the truth; engines only carry it out."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from augury.core.clock import Clock
from augury.core.errors import LimitReached, NotFound, UsageError
from augury.core.hashing import canonical_json
from augury.core.typing import Json
from augury.records.database import reading, transaction
from augury.records.loop.controls import PAUSE, Controls
from augury.records.loop.tables import JOB_STATES, job_events, jobs

ACTIVE: Final = ("queued", "running")
ENDED: Final = tuple(state for state in JOB_STATES if state not in ACTIVE)


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Parameters
    ----------
    id : str
        UTC time and six random digits.
    kind : str
        What is done.
    settings : dict
        What it is done with.
    limits : dict
        ``attempts``, ``time_limit_s``, ``pause_s``; after a retry ``round`` and the parts ``left``.
    queue : str
    priority : int
        1 (first) to 100.
    idempotency_key : str or None
    state : str
        One of ``JOB_STATES``. ``failed``: the work cannot be done as asked; ``dead``: given up after
        as many attempts as were allowed.
    attempt : int
        Of the step it is at; 0 before it was ever started.
    progress : float or None
        Steps that ended, as a share; None before it is known how many there are.
    submitted_by : str
    submitted_at, started_at, heartbeat_at, ended_at : datetime
    result, error : dict or None
    tenant_id : str or None
        Whose it is; None for a job of the installation.
    """

    id: str
    kind: str
    settings: Json
    limits: Json
    queue: str
    priority: int
    idempotency_key: str | None
    state: str
    attempt: int
    progress: float | None
    submitted_by: str
    submitted_at: datetime
    started_at: datetime | None = None
    heartbeat_at: datetime | None = None
    ended_at: datetime | None = None
    result: Json | None = None
    error: Json | None = None
    tenant_id: str | None = None

    @property
    def ended(self) -> bool:
        """True when nothing more will happen to it."""
        return self.state in ENDED

    def to_json(self) -> Json:
        """Write as a JSON object; moments stay datetimes."""
        return {name: getattr(self, name) for name in Job.__dataclass_fields__}


_SAME: Final = tuple(name for name in Job.__dataclass_fields__ if name in jobs.c)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One line of a job's log."""

    id: int
    job_id: str
    ts: datetime
    level: str
    text: str
    data: Json | None = None


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What :meth:`Jobs.submit` writes down."""

    kind: str
    settings: Json
    limits: Json = field(default_factory=dict)
    queue: str = "light"
    priority: int = 10
    key: str | None = None
    by: str = "cli"
    tenant_id: str | None = None
    at_most: int | None = None
    """Jobs of the tenant that may wait or run at once, this one included; None is no limit."""


@dataclass(frozen=True)
class Jobs:
    """The jobs of a store.

    Parameters
    ----------
    engine : Engine
    clock : Clock
        Says when something happened to a job.
    """

    engine: Engine
    clock: Clock

    def submit(self, request: JobRequest) -> Job:
        """Write a job down; with a key that is known, return the job it already stands for.

        Raises
        ------
        UsageError
            The key was used for another kind or other settings, or the priority is outside 1..100.
        LimitReached
            The tenant has as many jobs as it may; nothing was written.
        """
        if not 1 <= request.priority <= 100:
            raise UsageError(f"priority={request.priority} is outside 1..100 (1 runs first)")
        now = self.clock.now()
        job_id = f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"
        values = {
            "id": job_id,
            "kind": request.kind,
            "settings_json": {"settings": request.settings, "limits": request.limits},
            "queue": request.queue,
            "priority": request.priority,
            "idempotency_key": request.key,
            "state": "queued",
            "attempt": 0,
            "submitted_by": request.by,
            "submitted_at": now,
            "tenant_id": request.tenant_id,
        }
        with transaction(self.engine) as connection:
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            added = dialect.insert(jobs).values(**values).on_conflict_do_nothing(index_elements=["idempotency_key"])
            if connection.execute(added.returning(jobs.c.id)).first() is not None:
                _check_room(connection, request)
                self._event(connection, job_id, f"submitted by {request.by}", now)
                return _one(connection, job_id)
            known = _job(connection.execute(select(jobs).where(jobs.c.idempotency_key == request.key)).one())
        if (known.kind, canonical_json(known.settings)) != (request.kind, canonical_json(request.settings)):
            raise UsageError(
                f"idempotency key '{request.key}' stands for job {known.id} ({known.kind}) with other settings",
                fix=f"augury jobs show {known.id}",
                job=known.id,
            )
        return known

    def get(self, job_id: str) -> Job:
        """Return a job by its id or by the beginning of it.

        Raises
        ------
        NotFound
            No job, or more than one, begins so.
        """
        with reading(self.engine) as connection:
            found = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
            near = [] if found else connection.execute(
                select(jobs).where(jobs.c.id.startswith(job_id, autoescape=True)).limit(2)
            ).all()  # fmt: skip
        if found is None and len(near) != 1:
            what = f"{'more than one job begins' if near else 'no job begins'} with '{job_id}'"
            raise NotFound(what, fix="augury jobs list")
        return _job(found or near[0])

    def list(
        self, *, states: Iterable[str] = (), kind: str | None = None, queues: Iterable[str] = (), limit: int = 100,
        tenants: Collection[str | None] | None = None, before: str | None = None,
    ) -> Sequence[Job]:  # fmt: skip
        """Return at most ``limit`` jobs, the last submitted first.

        ``tenants`` keeps those of these tenants (None stands for the installation); ``before`` those that
        were submitted before a job.
        """
        wanted = _chosen(states, kind, queues)
        if tenants is not None:
            named = [tenant for tenant in tenants if tenant is not None]
            own = jobs.c.tenant_id.in_(named)
            wanted = wanted.where(own | jobs.c.tenant_id.is_(None) if None in tenants else own)
        if before is not None:
            last = self.get(before)
            when, here = jobs.c.submitted_at, last.submitted_at
            wanted = wanted.where((when < here) | ((when == here) & (jobs.c.id < last.id)))
        return self._read(wanted.order_by(jobs.c.submitted_at.desc(), jobs.c.id.desc()), limit)

    def ended_between(self, first: datetime, until: datetime) -> Sequence[Job]:
        """Return the jobs with ``first <= ended_at < until``, in order of their end."""
        inside = select(jobs).where(jobs.c.ended_at >= first, jobs.c.ended_at < until)
        with reading(self.engine) as connection:
            return [_job(row) for row in connection.execute(inside.order_by(jobs.c.ended_at, jobs.c.id))]

    def waiting(self, queues: Iterable[str], limit: int = 500) -> Sequence[Job]:
        """Return queued jobs of kinds that are not paused, those that run first at the front."""
        chosen = _chosen(("queued",), None, queues).order_by(jobs.c.priority, jobs.c.submitted_at, jobs.c.id)
        paused = self.paused()
        return [job for job in self._read(chosen, limit) if job.kind not in paused]

    def paused(self) -> frozenset[str]:
        """Return the kinds that are not to be started now."""
        return frozenset(control.subject for control in Controls(self.engine, self.clock).list(PAUSE))

    def counts(self) -> dict[str, int]:
        """Count the jobs of each state."""
        with reading(self.engine) as connection:
            found = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all()
        return dict.fromkeys(JOB_STATES, 0) | {row[0]: int(row[1]) for row in found}

    def start(self, job_id: str) -> Job | None:
        """Count an attempt and mark a job as running; None when it has ended or its kind is paused."""
        now = self.clock.now()
        paused = self.paused()
        with transaction(self.engine) as connection:
            job = _one(connection, job_id)
            if job.ended or (job.state == "queued" and job.kind in paused):
                return None
            values = {"state": "running", "attempt": job.attempt + 1, "heartbeat_at": now}
            connection.execute(_on(job_id).values(**values, started_at=job.started_at or now))
            self._event(connection, job_id, "started" if job.started_at is None else "taken up again", now)
            return _one(connection, job_id)

    def beat(self, job_ids: Iterable[str]) -> dict[str, str]:
        """Say that these jobs are being worked on; return the state of each, so that a cancel is seen."""
        wanted = list(job_ids)
        if not wanted:
            return {}
        with transaction(self.engine) as connection:
            here = jobs.c.id.in_(wanted)
            connection.execute(
                update(jobs).where(here, jobs.c.state == "running").values(heartbeat_at=self.clock.now())
            )
            found = connection.execute(select(jobs.c.id, jobs.c.state).where(here)).all()
        return {row.id: row.state for row in found}

    def progressed(self, job_id: str, share: float, text: str = "", data: Json | None = None) -> None:
        """Note that a step ended: the next one has its attempts before it."""
        now = self.clock.now()
        with transaction(self.engine) as connection:
            connection.execute(_on(job_id, "running").values(progress=share, attempt=1, heartbeat_at=now))
            if text:
                self._event(connection, job_id, text, now, data=data)

    def tried(self, job_id: str, attempt: int, text: str) -> None:
        """Note that a step is tried once more, and why."""
        now = self.clock.now()
        with transaction(self.engine) as connection:
            connection.execute(_on(job_id, "running").values(attempt=attempt, heartbeat_at=now))
            self._event(connection, job_id, text, now, level="warning")

    def say(self, job_id: str, text: str, *, level: str = "info", data: Json | None = None) -> None:
        """Add a line to a job's log."""
        with transaction(self.engine) as connection:
            self._event(connection, job_id, text, self.clock.now(), level=level, data=data)

    def end(self, job_id: str, state: str, text: str, *, result: Json | None = None, error: Json | None = None) -> bool:
        """End a job; False when it had ended before, and then nothing is changed: a job ends exactly once."""
        now = self.clock.now()
        values = {"state": state, "ended_at": now, "result_json": result, "error_json": error}
        values |= {"progress": 1.0} if state == "succeeded" else {}
        with transaction(self.engine) as connection:
            active = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(ACTIVE)).values(**values)
            changed = bool(connection.execute(active).rowcount)
            if changed:
                level = "info" if state == "succeeded" else "error" if state in ("failed", "dead") else "warning"
                self._event(connection, job_id, f"{state}{f': {text}' if text else ''}", now, level=level)
        return changed

    def hand_back(self, job_id: str, text: str) -> None:
        """Put a running job back into its queue; the attempt does not count."""
        now = self.clock.now()
        with transaction(self.engine) as connection:
            if connection.execute(_on(job_id, "running").values(state="queued", attempt=0)).rowcount:
                self._event(connection, job_id, text, now, level="warning")

    def again(self, job_id: str, by: str) -> Job:
        """Queue a job once more that did not succeed; what it had finished is not done twice.

        Raises
        ------
        UsageError
            It succeeded, or it has not ended.
        """
        now = self.clock.now()
        with transaction(self.engine) as connection:
            job = _one(connection, job_id)
            if not job.ended or job.state == "succeeded":
                raise UsageError(f"job {job_id} is {job.state}: only one that failed, died or was cancelled is retried")
            limits = job.limits
            if job.result is not None:  # the walk came to its end: another begins, with the parts that failed
                limits = limits | {"round": limits.get("round", 0) + 1, "left": job.result.get("unfinished", [])}
            connection.execute(
                _on(job_id).values(
                    state="queued", attempt=0, started_at=None, ended_at=None, error_json=None, result_json=None,
                    settings_json={"settings": job.settings, "limits": limits},
                )
            )  # fmt: skip
            self._event(connection, job_id, f"queued again by {by}", now)
            return _one(connection, job_id)

    def events(self, job_id: str, *, after: int = 0, limit: int = 1000) -> Sequence[JobEvent]:
        """Return the log of a job in order, from the line behind ``after``."""
        wanted = select(job_events).where(job_events.c.job_id == job_id, job_events.c.id > after)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(job_events.c.id).limit(limit)).all()
        return [JobEvent(row.id, row.job_id, row.ts, row.level, row.text, row.data_json) for row in rows]

    def _read(self, wanted: Select[Any], limit: int) -> Sequence[Job]:
        with reading(self.engine) as connection:
            return [_job(row) for row in connection.execute(wanted.limit(limit))]

    def _event(
        self, connection: Connection, job_id: str, text: str, ts: datetime, *, level: str = "info",
        data: Json | None = None,
    ) -> None:  # fmt: skip
        said = {"job_id": job_id, "ts": ts, "level": level, "text": text, "data_json": data}
        connection.execute(insert(job_events).values(**said))


def _check_room(connection: Connection, request: JobRequest) -> None:
    """Refuse the job just written when its tenant has too many; raising takes it back."""
    if request.at_most is None:
        return
    mine = select(func.count()).where(jobs.c.tenant_id == request.tenant_id, jobs.c.state.in_(ACTIVE))
    count = int(connection.execute(mine).scalar_one())
    if count > request.at_most:
        raise LimitReached(
            f"{count - 1} jobs wait or run, and the plan allows {request.at_most} at once: wait for one or cancel it",
            fix="augury jobs list --state running", retry_after_s=30.0,
        )  # fmt: skip


def _chosen(states: Iterable[str], kind: str | None, queues: Iterable[str]) -> Select[Any]:
    wanted = select(jobs)
    for column, given in ((jobs.c.state, list(states)), (jobs.c.queue, list(queues))):
        wanted = wanted.where(column.in_(given)) if given else wanted
    return wanted if kind is None else wanted.where(jobs.c.kind == kind)


def _on(job_id: str, state: str | None = None) -> Any:
    found = update(jobs).where(jobs.c.id == job_id)
    return found if state is None else found.where(jobs.c.state == state)


def _one(connection: Connection, job_id: str) -> Job:
    found = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
    if found is None:
        raise NotFound(f"no job {job_id}", fix="augury jobs list")
    return _job(found)


def _job(row: Row[Any]) -> Job:
    found = row._mapping
    asked = found["settings_json"]
    return Job(
        settings=asked["settings"],
        limits=asked["limits"],
        result=found["result_json"],
        error=found["error_json"],
        **{name: found[name] for name in _SAME},
    )
