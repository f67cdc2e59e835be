"""Sessions of people who signed in on a screen."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, insert, select, update

from augury.core.clock import Clock
from augury.core.errors import TemporaryError
from augury.records.accounts.people import User, hashed, user_of
from augury.records.accounts.tables import sessions, tenants, users
from augury.records.database import reading, transaction

SESSION_DAYS: Final = 14
_SEEN_EVERY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One session, without what opens it."""

    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Sessions:
    """The open sessions of a store."""

    engine: Engine
    clock: Clock

    def open(self, user_id: str) -> str:
        """Open a session and return its token (256 bits), of which only the hash is kept."""
        token, now = secrets.token_urlsafe(32), self.clock.now()
        made = {
            "token_hash": hashed(token), "user_id": user_id, "created_at": now, "seen_at": now,
            "expires_at": now + timedelta(days=SESSION_DAYS),
        }  # fmt: skip
        with transaction(self.engine) as connection:
            connection.execute(sessions.delete().where(sessions.c.expires_at < now))
            connection.execute(insert(sessions).values(**made))
        return token

    def opens(self, token: str) -> tuple[User, str] | None:
        """Return whose a session is and their tenant's plan; None when it is unknown, over, or its user disabled."""
        now, token_hash = self.clock.now(), hashed(token)
        wanted = (
            select(users, tenants.c.plan, sessions.c.seen_at, sessions.c.expires_at)
            .join(sessions, sessions.c.user_id == users.c.id)
            .join(tenants, tenants.c.id == users.c.tenant_id)
            .where(sessions.c.token_hash == token_hash)
        )
        with reading(self.engine) as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None or row.expires_at <= now or row.disabled_at is not None:
            return None
        if now - row.seen_at > _SEEN_EVERY:
            self._seen(token_hash, now)
        return user_of(row), row.plan

    def user(self, token: str) -> User | None:
        """Return who a session belongs to; None as in :meth:`opens`."""
        found = self.opens(token)
        return None if found is None else found[0]

    def _seen(self, token_hash: str, now: datetime) -> None:
        # Nobody is kept waiting at the door for a note that can be taken the next time.
        with suppress(TemporaryError), transaction(self.engine) as connection:
            connection.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(seen_at=now))

    def list(self, user_id: str) -> Sequence[OpenSession]:
        """Return the sessions of a user that are open, the oldest first."""
        wanted = select(sessions).where(sessions.c.user_id == user_id, sessions.c.expires_at > self.clock.now())
        with reading(self.engine) as connection:
            rows = connection.execute(wanted.order_by(sessions.c.created_at, sessions.c.token_hash)).all()
        return [OpenSession(row.created_at, row.seen_at, row.expires_at) for row in rows]

    def close(self, token: str) -> None:
        """End a session."""
        with transaction(self.engine) as connection:
            connection.execute(sessions.delete().where(sessions.c.token_hash == hashed(token)))

    def close_all(self, user_id: str) -> None:
        """End every session of a user."""
        with transaction(self.engine) as connection:
            connection.execute(sessions.delete().where(sessions.c.user_id == user_id))
