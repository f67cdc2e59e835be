"""What was used: one row a call, what a day came to, and who was told that a day's allowance runs out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Row, case, func, insert, select

from augury.core.clock import Clock
from augury.records.accounts.tables import audit_trail, usage
from augury.records.database import reading, transaction

QUOTA_WARNING: Final = "quota.warning"
REFUSED: Final = 429
"""Status of a call that a limit stopped; it is written down like any other, and is not counted against the day."""


@dataclass(frozen=True, slots=True)
class Call:
    """One answered call of somebody known; the access log holds the same values.

    Parameters
    ----------
    tenant_id : str
    key_id, user_id : str or None
        Which key, and whose; ``key_id`` is None for a person on a screen.
    request_id : str
        32 hex, unique.
    at : datetime
        When the answer was complete, UTC.
    method, route : str
        The route as it is declared (``/v1/jobs/{job_id}``), never what stood in the address.
    status : int
    latency_ms : float
    units : int
        What it is billed as.
    """

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


_COLUMNS: Final = tuple(field.name for field in fields(Call))


@dataclass(frozen=True, slots=True)
class UsedDay:
    """What a tenant used on one UTC day.

    Parameters
    ----------
    day : date
    calls, units : int
        All calls but the refused ones, and what they are billed as.
    refused : int
        Calls that a limit stopped (429).
    failed : int
        Calls answered with 500 or more.
    latency_ms : float
        Mean over all calls.
    """

    day: date
    calls: int
    units: int
    refused: int
    failed: int
    latency_ms: float


@dataclass(frozen=True, slots=True)
class QuotaWarning:
    """That a tenant has used ``percent`` (80 or 100) of a day's calls; there is one a day and percentage."""

    id: int
    tenant_id: str
    at: datetime
    day: str
    percent: int
    used: int
    limit: int


@dataclass(frozen=True)
class Usage:
    """The usage of a store."""

    engine: Engine
    clock: Clock

    def add(self, calls: Sequence[Call]) -> None:
        """Write calls down, all of them or none."""
        rows = [{name: getattr(call, name) for name in _COLUMNS} for call in calls]
        with transaction(self.engine) as connection:
            connection.execute(insert(usage), rows)

    def list(
        self, tenant_id: str, *, since: datetime | None = None, until: datetime | None = None,
        key_id: str | None = None, user_id: str | None = None, before: int | None = None, limit: int = 100,
    ) -> Sequence[tuple[int, Call]]:  # fmt: skip
        """Return calls of a tenant with their row numbers, the newest first.

        Parameters
        ----------
        tenant_id : str
        since, until : datetime, optional
            From and before a moment, UTC.
        key_id : str, optional
            Of one key.
        user_id : str, optional
            Of one person, with whichever key or page they came.
        before : int, optional
            Row number below which the page begins.
        limit : int
        """
        wanted = select(usage).where(*_of(tenant_id, since, until))
        wanted = wanted if key_id is None else wanted.where(usage.c.key_id == key_id)
        wanted = wanted if user_id is None else wanted.where(usage.c.user_id == user_id)
        wanted = wanted if before is None else wanted.where(usage.c.id < before)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(usage.c.id.desc()).limit(limit)).all()
        return [(row.id, _call(row)) for row in rows]

    def daily(self, tenant_id: str, *, since: date, until: date) -> Sequence[UsedDay]:
        """Roll the calls of a tenant up by UTC day, the newest first; ``until`` is the last day."""
        day = _day(self.engine)
        counted = func.sum(case((usage.c.status != REFUSED, 1), else_=0))
        units = func.sum(case((usage.c.status != REFUSED, usage.c.units), else_=0))
        failed = func.sum(case((usage.c.status >= 500, 1), else_=0))
        wanted = (
            select(day, counted, units, func.count(), failed, func.avg(usage.c.latency_ms))
            .where(*_of(tenant_id, _midnight(since), _midnight(until + timedelta(days=1))))
            .group_by(day).order_by(day.desc())
        )  # fmt: skip
        with reading(self.engine) as connection:
            rows = connection.execute(wanted).all()
        return [
            UsedDay(date.fromisoformat(said), calls, billed, total - calls, failing, round(float(mean), 3))
            for said, calls, billed, total, failing, mean in rows
        ]

    def calls_on(self, tenant_id: str, day: date) -> int:
        """Count the calls of a tenant on a UTC day that were let through."""
        of = _of(tenant_id, _midnight(day), _midnight(day + timedelta(days=1)))
        with reading(self.engine) as connection:
            counted = select(func.count()).select_from(usage).where(*of, usage.c.status != REFUSED)
            return int(connection.execute(counted).scalar_one())

    def arrivals(self, tenant_id: str, since: datetime) -> Sequence[tuple[str, datetime]]:
        """Return who (key, else user) called when since a moment, the oldest first; refused calls left out."""
        wanted = select(usage.c.key_id, usage.c.user_id, usage.c.at).where(
            *_of(tenant_id, since, None), usage.c.status != REFUSED
        )
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(usage.c.at)).all()
        return [(row.key_id or row.user_id or tenant_id, row.at) for row in rows]

    def warn(self, tenant_id: str, day: date, percent: int, used: int, limit: int) -> bool:
        """Write down that a part of a day's calls is used; False when that was said before."""
        subject = f"{day.isoformat()} {percent}%"
        said = (
            audit_trail.c.tenant_id == tenant_id, audit_trail.c.action == QUOTA_WARNING,
            audit_trail.c.subject == subject,
        )  # fmt: skip
        row = {
            "tenant_id": tenant_id, "at": self.clock.now(), "actor": "augury", "action": QUOTA_WARNING,
            "subject": subject, "request_id": None,
            "data_json": {"day": day.isoformat(), "percent": percent, "used": used, "limit": limit},
        }  # fmt: skip
        with transaction(self.engine) as connection:
            if connection.execute(select(audit_trail.c.id).where(*said)).first() is not None:
                return False
            connection.execute(insert(audit_trail).values(**row))
        return True

    def warnings(self, after: int = 0, *, limit: int = 100) -> Sequence[QuotaWarning]:
        """Return the warnings of all tenants that were written after a row number, the oldest first."""
        wanted = select(audit_trail).where(audit_trail.c.action == QUOTA_WARNING, audit_trail.c.id > after)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(audit_trail.c.id).limit(limit)).all()
        return [QuotaWarning(row.id, row.tenant_id, row.at, **row.data_json) for row in rows]


def _of(tenant_id: str, since: datetime | None, until: datetime | None) -> Iterable[ColumnElement[bool]]:
    yield usage.c.tenant_id == tenant_id
    if since is not None:
        yield usage.c.at >= since
    if until is not None:
        yield usage.c.at < until


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _day(engine: Engine) -> ColumnElement[str]:
    if engine.dialect.name == "postgresql":
        return func.to_char(func.timezone("UTC", usage.c.at), "YYYY-MM-DD")
    return func.strftime("%Y-%m-%d", usage.c.at)


def _call(row: Row[Any]) -> Call:
    return Call(**{name: getattr(row, name) for name in _COLUMNS})
