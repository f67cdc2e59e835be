"""Keys of programs: shown once, kept as a hash."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from augury.core.clock import Clock
from augury.core.errors import NotFound, UsageError
from augury.records.accounts.tables import api_keys, tenants, users
from augury.records.database import reading, transaction


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; the key itself is not.

    Parameters
    ----------
    id, tenant_id : str
    user_id : str or None
        Who made it; a disabled user's keys open nothing.
    name : str
    hint : str
        Its beginning, to recognise it by.
    scopes : tuple of str
    created_at, expires_at, revoked_at : datetime
    rotated_to : str or None
        The key that replaces it.
    """

    id: str
    tenant_id: str
    user_id: str | None
    name: str
    hint: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    rotated_to: str | None


@dataclass(frozen=True)
class ApiKeys:
    """The keys of a store."""

    engine: Engine
    clock: Clock

    def add(
        self, key_hash: str, hint: str, *, tenant_id: str, user_id: str | None, name: str, scopes: Sequence[str],
        expires_at: datetime | None = None,
    ) -> ApiKey:  # fmt: skip
        """Write a key down by its hash."""
        made = {
            "id": secrets.token_hex(16), "tenant_id": tenant_id, "user_id": user_id, "name": name,
            "key_hash": key_hash, "hint": hint, "scopes_json": sorted(scopes), "created_at": self.clock.now(),
            "expires_at": expires_at, "revoked_at": None, "rotated_to": None,
        }  # fmt: skip
        with transaction(self.engine) as connection:
            connection.execute(insert(api_keys).values(**made))
        return self.get(str(made["id"]), tenant_id)

    def opens(self, key_hash: str) -> tuple[ApiKey, str, str | None] | None:
        """Return the key of a hash, its tenant's plan and its user's role; None when it opens nothing (any more)."""
        wanted = (
            select(api_keys, tenants.c.plan, users.c.disabled_at, users.c.role)
            .join(tenants, tenants.c.id == api_keys.c.tenant_id)
            .outerjoin(users, users.c.id == api_keys.c.user_id)
            .where(api_keys.c.key_hash == key_hash)
        )
        with reading(self.engine) as connection:
            row = connection.execute(wanted).one_or_none()
        now = self.clock.now()
        if row is None or row.disabled_at is not None:
            return None
        ends = [moment for moment in (row.expires_at, row.revoked_at) if moment is not None]
        return None if any(moment <= now for moment in ends) else (_key(row), row.plan, row.role)

    def get(self, key_id: str, tenant_id: str) -> ApiKey:
        """Return one key of a tenant.

        Raises
        ------
        NotFound
            There is none, or it is another tenant's: both read the same.
        """
        wanted = select(api_keys).where(api_keys.c.id == key_id, api_keys.c.tenant_id == tenant_id)
        with reading(self.engine) as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            raise NotFound(f"no key {key_id}", fix="augury keys list")
        return _key(row)

    def list(self, tenant_id: str, *, user_id: str | None = None) -> Sequence[ApiKey]:
        """Return the keys of a tenant, or those one person in it made, the newest first."""
        wanted = select(api_keys).where(api_keys.c.tenant_id == tenant_id)
        wanted = wanted if user_id is None else wanted.where(api_keys.c.user_id == user_id)
        with reading(self.engine) as connection:
            return [_key(row) for row in connection.execute(wanted.order_by(api_keys.c.created_at.desc()))]

    def revoke(self, key_id: str, tenant_id: str, *, after: timedelta = timedelta(0)) -> ApiKey:
        """End a key now, or after an overlap; one that ended stays as it is."""
        key = self.get(key_id, tenant_id)
        when = self.clock.now() + after
        if key.revoked_at is None or key.revoked_at > when:
            self._change(key_id, revoked_at=when)
        return self.get(key_id, tenant_id)

    def rotate(self, key_id: str, tenant_id: str, key_hash: str, hint: str, overlap: timedelta) -> ApiKey:
        """Put a new key in the place of an old one, which goes on opening for the overlap.

        Raises
        ------
        NotFound
            There is none in this tenant.
        UsageError
            It has ended, or was rotated before: only the newest of a chain is rotated.
        """
        old = self.get(key_id, tenant_id)
        now = self.clock.now()
        if any(end is not None and end <= now for end in (old.revoked_at, old.expires_at)) or old.rotated_to:
            raise UsageError(f"key {key_id} has ended or was rotated already", fix="augury keys list")
        new = self.add(
            key_hash, hint, tenant_id=tenant_id, user_id=old.user_id, name=old.name, scopes=old.scopes,
            expires_at=old.expires_at,
        )  # fmt: skip
        self._change(key_id, rotated_to=new.id)
        self.revoke(key_id, tenant_id, after=overlap)
        return new

    def _change(self, key_id: str, **values: Any) -> None:
        with transaction(self.engine) as connection:
            connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(**values))


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        row.id, row.tenant_id, row.user_id, row.name, row.hint, tuple(row.scopes_json), row.created_at,
        row.expires_at, row.revoked_at, row.rotated_to,
    )  # fmt: skip
