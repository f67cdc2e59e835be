"""Who did what: sign-ins, keys, promotions; only added to.

People and keys stand in it by an opaque id (:func:`person`, :func:`program`) and are shown by the name they have now:
lines can never be changed, a name can be, and is when its person leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Row, Table, insert, or_, select

from augury.core.clock import Clock
from augury.core.typing import Json
from augury.records.accounts.tables import api_keys, audit_trail, users
from augury.records.database import reading, transaction

_NAMED: Final[tuple[tuple[str, Table], ...]] = (("user:", users), ("key:", api_keys))


def person(user_id: str) -> str:
    """Return how the trail writes a person."""
    return f"user:{user_id}"


def program(key_id: str) -> str:
    """Return how the trail writes a key that did something."""
    return f"key:{key_id}"


@dataclass(frozen=True, slots=True)
class Act:
    """One line: who (``actor``) did what (``action``) to what (``subject``); people and keys by their names now."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    request_id: str | None
    data: Json


@dataclass(frozen=True)
class AuditTrail:
    """The audit trail of a store."""

    engine: Engine
    clock: Clock

    def add(
        self, tenant_id: str, actor: str, action: str, subject: str, *, request_id: str | None = None,
        data: Json | None = None,
    ) -> None:  # fmt: skip
        """Write one line."""
        with transaction(self.engine) as connection:
            add_act(connection, self.clock.now(), tenant_id, actor, action, subject, request_id=request_id, data=data)

    def list(
        self, tenant_id: str, *, by: str | None = None, before: int | None = None, limit: int = 100
    ) -> Sequence[Act]:
        """Return the lines of a tenant, the newest first.

        Parameters
        ----------
        tenant_id : str
        by : str, optional
            Id of a person: what they did themselves and through keys that they made.
        before : int, optional
            Row number below which the page begins.
        limit : int
        """
        wanted = select(audit_trail).where(audit_trail.c.tenant_id == tenant_id)
        wanted = wanted if by is None else wanted.where(_done_by(by))
        wanted = wanted if before is None else wanted.where(audit_trail.c.id < before)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(audit_trail.c.id.desc()).limit(limit)).all()
            names = _names(connection, tenant_id, rows)
        return [_act(row, names) for row in rows]


def add_act(
    connection: Connection, at: datetime, tenant_id: str, actor: str, action: str, subject: str, *,
    request_id: str | None = None, data: Json | None = None,
) -> None:  # fmt: skip
    """Write one line inside a transaction that does something else too: both are kept or neither."""
    said = {
        "tenant_id": tenant_id, "at": at, "actor": actor, "action": action, "subject": subject,
        "request_id": request_id, "data_json": data or {},
    }  # fmt: skip
    connection.execute(insert(audit_trail).values(**said))


def _done_by(user_id: str) -> ColumnElement[bool]:
    theirs = select("key:" + api_keys.c.id).where(api_keys.c.user_id == user_id)
    return or_(audit_trail.c.actor == person(user_id), audit_trail.c.actor.in_(theirs))


def _names(connection: Connection, tenant_id: str, rows: Sequence[Row[Any]]) -> dict[str, str]:
    """Look up who stands in lines by id; only of the tenant itself, so that no line can ask for another's name."""
    said = {text for row in rows for text in (row.actor, row.subject)}
    names: dict[str, str] = {}
    for prefix, table in _NAMED:
        ids = sorted(text.removeprefix(prefix) for text in said if text.startswith(prefix))
        if ids:
            wanted = select(table.c.id, table.c.name).where(table.c.tenant_id == tenant_id, table.c.id.in_(ids))
            names |= {prefix + row.id: row.name for row in connection.execute(wanted)}
    return names


def _act(row: Row[Any], names: dict[str, str]) -> Act:
    actor, subject = names.get(row.actor, row.actor), names.get(row.subject, row.subject)
    return Act(row.id, row.at, actor, row.action, subject, row.request_id, row.data_json)
