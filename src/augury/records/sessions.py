"""Sessions of people who signed in on a screen."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine, insert, select, update

from augury.core.clock import Clock
from augury.records.account_tables import sessions, users
from augury.records.database import reading, transaction
from augury.records.people import User, hashed, user_of

SESSION_DAYS: Final = 14
_SEEN_EVERY: Final = timedelta(minutes=5)


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

    def user(self, token: str) -> User | None:
        """Return who a session belongs to; None when it is not known, has ended, or its user is disabled."""
        now, token_hash = self.clock.now(), hashed(token)
        wanted = (
            select(users, sessions.c.seen_at, sessions.c.expires_at)
            .join(sessions, sessions.c.user_id == users.c.id)
            .where(sessions.c.token_hash == token_hash)
        )
        with reading(self.engine) as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None or row.expires_at <= now or row.disabled_at is not None:
            return None
        if now - row.seen_at > _SEEN_EVERY:
            with transaction(self.engine) as connection:
                connection.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(seen_at=now))
        return user_of(row)

    def close(self, token: str) -> None:
        """End a session."""
        with transaction(self.engine) as connection:
            connection.execute(sessions.delete().where(sessions.c.token_hash == hashed(token)))

    def close_all(self, user_id: str) -> None:
        """End every session of a user."""
        with transaction(self.engine) as connection:
            connection.execute(sessions.delete().where(sessions.c.user_id == user_id))
