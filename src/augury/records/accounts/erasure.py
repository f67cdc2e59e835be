"""Erasure: a person leaves. What was theirs alone goes, what they did stays under an opaque id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Column, ColumnElement, Connection, Engine, Text, delete, func, select, type_coerce, update

from augury.core.clock import Clock
from augury.core.errors import NotFound
from augury.core.hashing import canonical_json
from augury.records.accounts.audit_trail import add_act, person
from augury.records.accounts.people import DELETED, keep_an_admin
from augury.records.accounts.tables import (
    HOME,
    api_keys,
    backtests,
    positions,
    sessions,
    users,
    watchlist,
    webhook_messages,
    webhooks,
)
from augury.records.database import transaction
from augury.records.loop.tables import ab_tests, alerts, controls, job_events, jobs
from augury.records.tables import alias_log, aliases

ACTION: Final = "deleted the account"
_SIGNED: Final = ((jobs.c.submitted_by, jobs.c.tenant_id), (backtests.c.made_by, backtests.c.tenant_id))
"""Where the name of who asked stands, and whose row it is."""
_SIGNED_AT_HOME: Final = (
    controls.c.set_by, alerts.c.acknowledged_by, ab_tests.c.created_by, aliases.c.updated_by, alias_log.c.updated_by,
)  # fmt: skip
"""The same in rows of the installation, which only people of the home tenant sign."""


@dataclass(frozen=True)
class Erasure:
    """Takes people out of a store.

    Parameters
    ----------
    engine : Engine
    clock : Clock
    """

    engine: Engine
    clock: Clock

    def erase(self, user_id: str, tenant_id: str, *, by: str, request_id: str | None = None) -> str:
        """Take a person out, all at once, and return the opaque name that stands in their place.

        Sessions end and keys are revoked; name, password and choices are overwritten; watchlist and paper
        positions go. Rows that others need (jobs, backtests, switches) keep their facts under the opaque name.
        Usage is billed by the opaque id and stays; so do the lines of the audit trail, which hold no name, and of
        the journal, which nobody can change.

        Parameters
        ----------
        user_id, tenant_id : str
        by : str
            Who asked, as the audit trail writes it.
        request_id : str, optional

        Raises
        ------
        NotFound
            The tenant has no such person.
        UsageError
            They are its last admin.
        """
        now, stands = self.clock.now(), f"deleted-{user_id[:12]}"
        theirs = users.c.id == user_id, users.c.tenant_id == tenant_id, users.c.password_hash != DELETED
        with transaction(self.engine) as connection:
            name = connection.execute(select(users.c.name).where(*theirs)).scalar_one_or_none()
            if name is None:
                raise NotFound(f"no user {user_id}", fix="augury users list")
            keep_an_admin(connection, user_id)
            _forget(connection, user_id, stands, now)
            _sign_again(connection, tenant_id, name, stands)
            add_act(connection, now, tenant_id, by, ACTION, person(user_id), request_id=request_id)
        return stands


def _forget(connection: Connection, user_id: str, stands: str, now: datetime) -> None:
    for table in (sessions, watchlist, positions):
        connection.execute(delete(table).where(table.c.user_id == user_id))
    keys = update(api_keys).where(api_keys.c.user_id == user_id)
    connection.execute(
        keys.where((api_keys.c.revoked_at.is_(None)) | (api_keys.c.revoked_at > now)).values(revoked_at=now)
    )
    connection.execute(keys.values(name=stands))
    blank = {"name": stands, "password_hash": DELETED, "settings_json": {}, "role": "reader", "disabled_at": now}
    connection.execute(update(users).where(users.c.id == user_id).values(**blank))


def _sign_again(connection: Connection, tenant_id: str, name: str, stands: str) -> None:
    for signed, owner in _SIGNED:
        _put(connection, signed, name, stands, owner == tenant_id)
    said = f"by {name}"  # lines of a job's log end with who asked
    own = job_events.c.job_id.in_(select(jobs.c.id).where(jobs.c.tenant_id == tenant_id))
    lines = update(job_events).where(own, job_events.c.text.endswith(said, autoescape=True))
    connection.execute(lines.values(text=func.replace(job_events.c.text, said, f"by {stands}")))
    _tell_again(connection, tenant_id, name, stands)
    for signed in _SIGNED_AT_HOME if tenant_id == HOME else ():
        _put(connection, signed, name, stands)


def _tell_again(connection: Connection, tenant_id: str, name: str, stands: str) -> None:
    """The delivery log of webhooks says who asked for a job; what was delivered is out of our hands."""
    payload = type_coerce(webhook_messages.c.payload_json, Text)
    before, after = (canonical_json({"submitted_by": one})[1:-1] for one in (name, stands))
    own = webhook_messages.c.webhook_id.in_(select(webhooks.c.id).where(webhooks.c.tenant_id == tenant_id))
    told = update(webhook_messages).where(own, payload.contains(before, autoescape=True))
    connection.execute(told.values(payload_json=type_coerce(func.replace(payload, before, after), Text)))


def _put(connection: Connection, signed: Column[str], name: str, stands: str, *where: ColumnElement[bool]) -> None:
    rows = update(signed.table).where(signed == name, *where)
    connection.execute(rows.values({signed.name: stands}))
