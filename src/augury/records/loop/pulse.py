"""The pulse: one look at many jobs at once, however many people watch them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from augury.records.database import reading
from augury.records.loop.jobs import JobEvent
from augury.records.loop.tables import job_events, jobs


@dataclass(frozen=True, slots=True)
class Pulse:
    """What happened to watched jobs since the last look, all of one moment.

    Parameters
    ----------
    last : int
        The newest event of all jobs.
    events : tuple of JobEvent
        In order.
    states : dict
        Job to its (state, share done, attempt); a job that does not exist is not in it.
    tenants : frozenset of str or None
        Whose jobs, watched or not, have new events; None stands for the installation.
    """

    last: int
    events: tuple[JobEvent, ...]
    states: dict[str, tuple[str, float | None, int]]
    tenants: frozenset[str | None] = frozenset()


def pulse(engine: Engine, job_ids: Collection[str], after: int | None) -> Pulse:
    """Read the events of some jobs behind ``after`` (None: none, only where the end is) and how each job is."""
    watched = list(job_ids)
    with reading(engine) as connection:
        last = int(connection.execute(select(func.max(job_events.c.id))).scalar_one() or 0)
        columns = (jobs.c.id, jobs.c.state, jobs.c.progress, jobs.c.attempt)
        states = connection.execute(select(*columns).where(jobs.c.id.in_(watched))).all()
        rows, tenants = [], []
        if after is not None and last > after:
            here = (job_events.c.job_id.in_(watched), job_events.c.id > after)
            rows = list(connection.execute(select(job_events).where(*here).order_by(job_events.c.id)))
            whose = select(jobs.c.tenant_id).join(job_events, job_events.c.job_id == jobs.c.id)
            tenants = list(connection.execute(whose.where(job_events.c.id > after).distinct()).scalars())
    events = tuple(JobEvent(row.id, row.job_id, row.ts, row.level, row.text, row.data_json) for row in rows)
    return Pulse(last, events, {row.id: (row.state, row.progress, row.attempt) for row in states}, frozenset(tenants))
