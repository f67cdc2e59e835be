"""Answers to requests that may be sent twice: the first sending does the work, later ones are told its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from augury.core.clock import Clock
from augury.core.typing import Json
from augury.records.accounts.tables import idempotency as table
from augury.records.database import transaction

KEPT: Final = timedelta(hours=24)
ABANDONED: Final = timedelta(minutes=1)
"""A request that has been in progress for longer than any request may take lost its process."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of a key.

    Parameters
    ----------
    request_hash : str
        Of the request the key was used for first.
    created_at : datetime
        When; the same for a request that is taken up again after its process died.
    status : int or None
        Of the answer; None while it is being made.
    headers : dict
    body : bytes or None
        None when the answer is not kept: it held a secret.
    """

    request_hash: str
    created_at: datetime
    status: int | None
    headers: Json
    body: bytes | None


@dataclass(frozen=True)
class Idempotency:
    """The answers of a store to requests with a key; each tenant has keys of its own.

    Parameters
    ----------
    engine : Engine
    clock : Clock
        Says when a key was used first, and when it is forgotten.
    """

    engine: Engine
    clock: Clock

    def begin(self, tenant_id: str, key: str, request_hash: str) -> tuple[bool, Remembered]:
        """Use a key; True when the work is the caller's to do, False when somebody did or does it.

        A key is free again after ``KEPT``. A request whose process died is the next caller's, with the
        moment it began first: what it had asked for is then found under the same name.
        """
        now = self.clock.now()
        here = _here(tenant_id, key)
        fresh = {"request_hash": request_hash, "status": None, "headers_json": None, "body": None, "created_at": now}
        with transaction(self.engine) as connection:
            connection.execute(delete(table).where(table.c.created_at <= now - KEPT))
            if _added(connection, {"tenant_id": tenant_id, "key": key, **fresh}):
                return True, Remembered(request_hash, now, None, {}, None)
            known = _read(connection.execute(select(table).where(*here)).one())
        stale = known.status is None and known.created_at <= now - ABANDONED
        return stale and known.request_hash == request_hash, known

    def answer(self, tenant_id: str, key: str, status: int, headers: Json, body: bytes | None) -> None:
        """Remember the answer."""
        values = {"status": status, "headers_json": headers, "body": body}
        with transaction(self.engine) as connection:
            connection.execute(update(table).where(*_here(tenant_id, key)).values(**values))

    def release(self, tenant_id: str, key: str) -> None:
        """Forget a key whose request came to nothing: it may be sent again, also with another body."""
        with transaction(self.engine) as connection:
            connection.execute(delete(table).where(*_here(tenant_id, key), table.c.status.is_(None)))


def _here(tenant_id: str, key: str) -> tuple[Any, Any]:
    return table.c.tenant_id == tenant_id, table.c.key == key


def _added(connection: Connection, values: Json) -> bool:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    adding = dialect.insert(table).values(**values).on_conflict_do_nothing(index_elements=["tenant_id", "key"])
    return connection.execute(adding.returning(table.c.key)).first() is not None


def _read(row: Row[Any]) -> Remembered:
    return Remembered(row.request_hash, row.created_at, row.status, row.headers_json or {}, row.body)
