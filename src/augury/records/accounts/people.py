"""People: tenants, the users in them, and the one-time codes that make an account."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, insert, select, update

from augury.core.clock import Clock
from augury.core.errors import NotFound, NotSignedIn, UsageError
from augury.core.typing import Json
from augury.records.accounts.tables import HOME, PLANS, ROLES, invitations, sessions, tenants, users
from augury.records.database import reading, transaction

INVITATION_HOURS: Final = 24
INVITATION_PREFIX: Final = "aug_invite_"
"""Lets whatever masks secrets know a code when it sees one."""
DELETED: Final = "deleted"
"""In the place of the password of somebody who left: no password has this hash, and no list shows them."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A household, team or firm: what it owns, nobody outside it sees."""

    id: str
    name: str
    plan: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """A person.

    Parameters
    ----------
    id, tenant_id : str
    name : str
        What is typed in to sign in; unique over all tenants, kept in lower case.
    password_hash : str
        Argon2; never shown.
    role : str
        ``reader``, ``trader`` or ``admin``.
    settings : dict
        What the person chose on screens.
    created_at, disabled_at : datetime
    """

    id: str
    tenant_id: str
    name: str
    password_hash: str
    role: str
    settings: Json
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a one-time code invites to."""

    tenant_id: str
    role: str
    expires_at: datetime


def hashed(secret: str) -> str:
    """Hash a random secret (64 hex); for what has 128 bits or more, never for a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True)
class People:
    """Tenants and users of a store."""

    engine: Engine
    clock: Clock

    def tenants(self) -> Sequence[Tenant]:
        """Return every tenant, the home tenant first."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(tenants).order_by(tenants.c.id != HOME, tenants.c.name)).all()
        return [Tenant(row.id, row.name, row.plan, row.created_at) for row in rows]

    def tenant(self, name: str) -> Tenant:
        """Return one tenant by its name or id.

        Raises
        ------
        NotFound
        """
        for tenant in self.tenants():
            if name in (tenant.id, tenant.name):
                return tenant
        raise NotFound(f"no tenant {name}", fix="augury users tenants")

    def add_tenant(self, name: str, plan: str = "free") -> Tenant:
        """Make a tenant.

        Raises
        ------
        UsageError
            The name is taken, or the plan is not known.
        """
        if plan not in PLANS:
            raise UsageError(f"unknown plan '{plan}' (known: {', '.join(PLANS)})")
        made = Tenant(secrets.token_hex(16), name, plan, self.clock.now())
        with transaction(self.engine) as connection:
            if connection.execute(select(tenants.c.id).where(tenants.c.name == name)).first():
                raise UsageError(f"there is a tenant {name} already", fix="augury users tenants")
            connection.execute(insert(tenants).values(id=made.id, name=name, plan=plan, created_at=made.created_at))
        return made

    def users(self, tenant_id: str | None = None) -> Sequence[User]:
        """Return the users of a tenant, or all, by name; who deleted the account is none any more."""
        wanted = select(users).where(users.c.password_hash != DELETED).order_by(users.c.name)
        with reading(self.engine) as connection:
            rows = connection.execute(wanted if tenant_id is None else wanted.where(users.c.tenant_id == tenant_id))
            return [user_of(row) for row in rows]

    def user(self, user_id: str, tenant_id: str | None = None) -> User:
        """Return one user by id, of one tenant or of all.

        Raises
        ------
        NotFound
            There is none, they are another tenant's, or they deleted the account: all read the same.
        """
        wanted = select(users).where(users.c.id == user_id, users.c.password_hash != DELETED)
        with reading(self.engine) as connection:
            row = connection.execute(
                wanted if tenant_id is None else wanted.where(users.c.tenant_id == tenant_id)
            ).one_or_none()
        if row is None:
            raise NotFound(f"no user {user_id}", fix="augury users list")
        return user_of(row)

    def named(self, name: str) -> User | None:
        """Return the user who signs in with a name; None when there is none."""
        wanted = select(users).where(users.c.name == name.strip().lower(), users.c.password_hash != DELETED)
        with reading(self.engine) as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else user_of(row)

    def add_user(self, name: str, password_hash: str, role: str = "reader", tenant_id: str = HOME) -> User:
        """Make a user.

        Raises
        ------
        UsageError
            The name is taken or empty, or the role is not known.
        """
        if role not in ROLES:
            raise UsageError(f"unknown role '{role}' (known: {', '.join(ROLES)})")
        if not (said := name.strip().lower()) or len(said) > 100:
            raise UsageError("a user's name has 1 to 100 characters")
        made = {
            "id": secrets.token_hex(16), "tenant_id": tenant_id, "name": said, "password_hash": password_hash,
            "role": role, "settings_json": {}, "created_at": self.clock.now(), "disabled_at": None,
        }  # fmt: skip
        with transaction(self.engine) as connection:
            if connection.execute(select(users.c.id).where(users.c.name == said)).first():
                raise UsageError(f"the name {said} is taken", fix="augury users list")
            connection.execute(insert(users).values(**made))
        return self.user(str(made["id"]))

    def change(self, user_id: str, **values: Any) -> User:
        """Change the password hash, role, settings or ``disabled_at`` of a user; a disabled one is signed out.

        Raises
        ------
        UsageError
            The role is not known, or no admin would be left in the tenant.
        """
        if values.get("role", ROLES[0]) not in ROLES:
            raise UsageError(f"unknown role '{values['role']}' (known: {', '.join(ROLES)})")
        columns = {"settings_json" if name == "settings" else name: value for name, value in values.items()}
        with transaction(self.engine) as connection:
            if values.get("role", "admin") != "admin" or values.get("disabled_at") is not None:
                keep_an_admin(connection, user_id)
            connection.execute(update(users).where(users.c.id == user_id).values(**columns))
            if values.get("disabled_at") is not None or "password_hash" in values:
                connection.execute(sessions.delete().where(sessions.c.user_id == user_id))
        return self.user(user_id)

    def empty(self) -> bool:
        """Tell whether nobody has an account yet."""
        with reading(self.engine) as connection:
            return not connection.execute(select(func.count()).select_from(users)).scalar_one()

    def invite(self, tenant_id: str = HOME, role: str = "admin") -> str:
        """Make a one-time code that makes an account, good for a day; it is returned once and only its hash is kept.

        Raises
        ------
        UsageError
            The role is not known.
        """
        if role not in ROLES:
            raise UsageError(f"unknown role '{role}' (known: {', '.join(ROLES)})")
        code, now = INVITATION_PREFIX + secrets.token_urlsafe(24), self.clock.now()
        made = {
            "code_hash": hashed(code), "tenant_id": tenant_id, "role": role, "created_at": now,
            "expires_at": now + timedelta(hours=INVITATION_HOURS), "used_at": None,
        }  # fmt: skip
        with transaction(self.engine) as connection:
            connection.execute(insert(invitations).values(**made))
        return code

    def invited(self, code: str) -> Invitation:
        """Return what a code invites to.

        Raises
        ------
        NotSignedIn
            The code is not known, was used or has run out.
        """
        with reading(self.engine) as connection:
            found = connection.execute(select(invitations).where(*_open(code, self.clock.now()))).one_or_none()
        if found is None:
            raise NotSignedIn("this invitation is not known, was used or has run out", fix="augury users invite")
        return Invitation(found.tenant_id, found.role, found.expires_at)

    def accept(self, code: str, name: str, password_hash: str) -> User:
        """Make the account an invitation is for; the code is used up.

        Raises
        ------
        NotSignedIn
            The code is not known, was used or has run out.
        UsageError
            The name is taken; the code stays good.
        """
        found = self.invited(code)
        made = self.add_user(name, password_hash, found.role, found.tenant_id)
        with transaction(self.engine) as connection:
            used = connection.execute(
                update(invitations).where(*_open(code, now := self.clock.now())).values(used_at=now)
            )
            if not used.rowcount:  # two people used one code at once: the second account is not made
                connection.execute(users.delete().where(users.c.id == made.id))
        if not used.rowcount:
            raise NotSignedIn("this invitation was used a moment ago", fix="augury users invite")
        return made


def _open(code: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        invitations.c.code_hash == hashed(code), invitations.c.used_at.is_(None), invitations.c.expires_at > now,
    )  # fmt: skip


def keep_an_admin(connection: Connection, user_id: str) -> None:
    """Refuse to go on, with UsageError, where somebody is the only admin of their tenant."""
    admins = select(users.c.id, users.c.name).where(
        users.c.role == "admin", users.c.disabled_at.is_(None),
        users.c.tenant_id == select(users.c.tenant_id).where(users.c.id == user_id).scalar_subquery(),
    )  # fmt: skip
    found = connection.execute(admins).all()
    if [row.id for row in found] == [user_id]:
        raise UsageError(
            f"{found[0].name} is the only admin: nobody could rule this tenant", fix="augury users invite --role admin"
        )


def user_of(row: Row[Any]) -> User:
    """Read a row of ``users``."""
    return User(
        row.id, row.tenant_id, row.name, row.password_hash, row.role, row.settings_json, row.created_at, row.disabled_at
    )
