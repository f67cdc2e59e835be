"""Webhooks: who wants to be told what, what was told, and when it is tried again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from augury.core.clock import Clock
from augury.core.errors import NotFound
from augury.core.hashing import canonical_json
from augury.core.typing import Json
from augury.records.accounts.tables import webhook_messages as messages
from augury.records.accounts.tables import webhooks as hooks
from augury.records.database import reading, transaction

LEASE: Final = timedelta(minutes=1)
"""Whoever has taken a message and says nothing for so long has died: another sender takes it."""
WAITING, SENDING, DELIVERED, FAILED = "waiting", "sending", "delivered", "failed"


@dataclass(frozen=True, slots=True)
class Secret:
    """What a webhook signs with; an older one is signed with, too, until its time is over."""

    text: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told of news.

    Parameters
    ----------
    id, tenant_id : str
    url : str
    secrets : tuple of Secret
        The newest first.
    events : tuple of str
        The kinds of news it is told.
    created_at, disabled_at : datetime
    disabled_reason : str or None
    """

    id: str
    tenant_id: str
    url: str
    secrets: tuple[Secret, ...]
    events: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None

    def __repr__(self) -> str:
        """Name it without its address and secret: both are credentials."""
        return f"Webhook({self.id})"


@dataclass(frozen=True, slots=True)
class Message:
    """One piece of news for one address; ``id`` stays the same however often it is sent."""

    id: str
    webhook_id: str
    event: str
    subject: str
    payload: Json
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_error: str | None


@dataclass(frozen=True)
class Webhooks:
    """The webhooks of a store and their messages.

    Parameters
    ----------
    engine : Engine
    clock : Clock
        Says when a message is due.
    """

    engine: Engine
    clock: Clock

    def add(self, tenant_id: str, url: str, events: Sequence[str], secret: str) -> Webhook:
        """Write a webhook down."""
        made = Webhook(uuid.uuid4().hex, tenant_id, url, (Secret(secret),), tuple(events), self.clock.now(), None, None)
        values = {
            "id": made.id, "tenant_id": tenant_id, "url": url, "secret": _secret_text(made.secrets),
            "events_json": list(events), "created_at": made.created_at,
        }  # fmt: skip
        with transaction(self.engine) as connection:
            connection.execute(insert(hooks).values(**values))
        return made

    def get(self, tenant_id: str, webhook_id: str) -> Webhook:
        """Return a webhook of a tenant.

        Raises
        ------
        NotFound
            Unknown, or another tenant's.
        """
        wanted = select(hooks).where(hooks.c.id == webhook_id, hooks.c.tenant_id == tenant_id)
        with reading(self.engine) as connection:
            found = connection.execute(wanted).one_or_none()
        if found is None:
            raise NotFound("no such webhook", fix="GET /v1/webhooks")
        return _webhook(found)

    def list(self, tenant_id: str | None = None, *, enabled: bool = False) -> Sequence[Webhook]:
        """Return the webhooks of a tenant, or of all, the oldest first; ``enabled`` only those that are told."""
        wanted = select(hooks).order_by(hooks.c.created_at, hooks.c.id)
        wanted = wanted if tenant_id is None else wanted.where(hooks.c.tenant_id == tenant_id)
        wanted = wanted.where(hooks.c.disabled_at.is_(None)) if enabled else wanted
        with reading(self.engine) as connection:
            return [_webhook(row) for row in connection.execute(wanted)]

    def rotate(self, tenant_id: str, webhook_id: str, secret: str, overlap: timedelta) -> Webhook:
        """Sign with a new secret; with the one before, too, until the overlap is over."""
        now = self.clock.now()
        known = self.get(tenant_id, webhook_id)
        secrets = _secret_text((Secret(secret), Secret(known.secrets[0].text, now + overlap)))
        with transaction(self.engine) as connection:
            connection.execute(update(hooks).where(hooks.c.id == webhook_id).values(secret=secrets))
        return self.get(tenant_id, webhook_id)

    def remove(self, tenant_id: str, webhook_id: str) -> None:
        """Forget a webhook, its messages with it.

        Raises
        ------
        NotFound
            Unknown, or another tenant's.
        """
        self.get(tenant_id, webhook_id)
        with transaction(self.engine) as connection:
            connection.execute(delete(messages).where(messages.c.webhook_id == webhook_id))
            connection.execute(delete(hooks).where(hooks.c.id == webhook_id, hooks.c.tenant_id == tenant_id))

    def disable(self, webhook_id: str, reason: str) -> None:
        """Tell an address nothing more; what waits for it has failed."""
        now = self.clock.now()
        open_ones = messages.c.state.in_((WAITING, SENDING))
        with transaction(self.engine) as connection:
            connection.execute(
                update(hooks).where(hooks.c.id == webhook_id).values(disabled_at=now, disabled_reason=reason)
            )
            connection.execute(
                update(messages).where(messages.c.webhook_id == webhook_id, open_ones)
                .values(state=FAILED, next_at=None, last_error=reason)
            )  # fmt: skip

    def messages(
        self, tenant_id: str, webhook_id: str, *, before: str | None = None, limit: int = 100
    ) -> Sequence[Message]:
        """Return what was told to a webhook of a tenant, the newest first; ``before`` an id what is older."""
        self.get(tenant_id, webhook_id)
        wanted = select(messages).where(messages.c.webhook_id == webhook_id)
        if before is not None:
            last = self.message(tenant_id, webhook_id, before)
            same = (messages.c.created_at == last.created_at) & (messages.c.id < last.id)
            wanted = wanted.where((messages.c.created_at < last.created_at) | same)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(messages.c.created_at.desc(), messages.c.id.desc()).limit(limit))
            return [_message(row) for row in rows]

    def message(self, tenant_id: str, webhook_id: str, message_id: str) -> Message:
        """Return one message.

        Raises
        ------
        NotFound
            Unknown, or of a webhook of another tenant.
        """
        self.get(tenant_id, webhook_id)
        wanted = select(messages).where(messages.c.id == message_id, messages.c.webhook_id == webhook_id)
        with reading(self.engine) as connection:
            found = connection.execute(wanted).one_or_none()
        if found is None:
            raise NotFound("no such message", fix=f"GET /v1/webhooks/{webhook_id}/messages")
        return _message(found)

    def replay(self, tenant_id: str, webhook_id: str, message_id: str) -> Message:
        """Send a message again from the first attempt on, under the same id."""
        self.message(tenant_id, webhook_id, message_id)
        values = {"state": WAITING, "attempts": 0, "next_at": self.clock.now()}
        with transaction(self.engine) as connection:
            connection.execute(update(messages).where(messages.c.id == message_id).values(**values))
        return self.message(tenant_id, webhook_id, message_id)

    def due(self, limit: int = 100) -> Sequence[Message]:
        """Return messages whose time has come, also those whose sender died, the longest waiting first."""
        wanted = select(messages).where(_claimable(self.clock.now())).order_by(messages.c.next_at, messages.c.id)
        with reading(self.engine) as connection:
            return [_message(row) for row in connection.execute(wanted.limit(limit))]

    def claim(self, message_id: str) -> tuple[Message, Webhook] | None:
        """Take a message for ``LEASE``; None when another sender has it or its webhook is gone."""
        now = self.clock.now()
        taken = {"state": SENDING, "next_at": now + LEASE, "attempts": messages.c.attempts + 1, "last_at": now}
        with transaction(self.engine) as connection:
            here = update(messages).where(messages.c.id == message_id, _claimable(now)).values(**taken)
            if not connection.execute(here).rowcount:
                return None
            message = _message(connection.execute(select(messages).where(messages.c.id == message_id)).one())
            webhook = connection.execute(select(hooks).where(hooks.c.id == message.webhook_id)).one()
        return message, _webhook(webhook)

    def tried(
        self, message: Message, state: str, *, next_at: datetime | None = None, status: int | None = None,
        error: str | None = None,
    ) -> None:  # fmt: skip
        """Note how an attempt ended, unless another sender has taken the message meanwhile."""
        mine = (messages.c.id == message.id) & (messages.c.attempts == message.attempts)
        values = {"state": state, "next_at": next_at, "last_status": status, "last_error": error}
        with transaction(self.engine) as connection:
            connection.execute(update(messages).where(mine, messages.c.state == SENDING).values(**values))


def tell(
    connection: Connection, webhooks: Iterable[Webhook], event: str, subject: str, payload: Json, now: datetime
) -> int:
    """Write one piece of news down for each of some webhooks, inside a transaction; known news is left as it is."""
    dialect, told = sqlite if connection.dialect.name == "sqlite" else postgresql, 0
    for webhook in webhooks:
        values = {
            "id": uuid.uuid4().hex, "webhook_id": webhook.id, "event": event, "subject": subject,
            "payload_json": payload, "state": WAITING, "attempts": 0, "created_at": now, "next_at": now,
        }  # fmt: skip
        adding = dialect.insert(messages).values(**values)
        adding = adding.on_conflict_do_nothing(index_elements=["webhook_id", "event", "subject"])
        told += connection.execute(adding.returning(messages.c.id)).first() is not None
    return told


def _claimable(now: datetime) -> Any:
    return (messages.c.next_at <= now) & or_(messages.c.state == WAITING, messages.c.state == SENDING)


def _secret_text(secrets: Sequence[Secret]) -> str:
    return canonical_json([{"text": secret.text, "until": secret.until} for secret in secrets])


def _webhook(row: Row[Any]) -> Webhook:
    secrets = tuple(
        Secret(one["text"], datetime.fromisoformat(one["until"]) if one["until"] else None)
        for one in json.loads(row.secret)
    )
    return Webhook(
        row.id, row.tenant_id, row.url, secrets, tuple(row.events_json), row.created_at, row.disabled_at,
        row.disabled_reason,
    )  # fmt: skip


def _message(row: Row[Any]) -> Message:
    found = row._mapping
    plain = {name: found[name] for name in Message.__dataclass_fields__ if name != "payload"}
    return Message(payload=found["payload_json"], **plain)
