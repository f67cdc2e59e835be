"""People of a tenant: who they are, what they may, and how new ones come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from augury.records.accounts.audit_trail import person
from augury.records.accounts.people import User
from augury.service.accounts.caller import Caller
from augury.service.accounts.limits import PLANS
from augury.service.backend import Backend
from augury.service.strict import Answer


class UserAnswer(Answer):
    """One person; ``role`` is reader, trader or admin."""

    id: str
    name: str
    role: str
    created_at: datetime
    disabled_at: datetime | None


class UserList(Answer):
    """The people of a tenant, by name."""

    users: list[UserAnswer]


class InvitationAnswer(Answer):
    """A one-time code that makes an account within a day. ``code`` is shown this once and kept nowhere."""

    code: str
    address: str
    role: str
    expires_at: datetime


class PlanAnswer(Answer):
    """What a plan allows: calls a minute, at once, a UTC day; jobs and calls at the same time."""

    name: str
    calls_per_minute: int
    burst: int
    calls_per_day: int
    jobs: int
    calls_at_once: int


class Me(Answer):
    """Who asks, what they may, and what is left of the day's calls."""

    name: str
    kind: str
    tenant: str
    scopes: list[str]
    sandbox: bool
    plan: PlanAnswer
    calls_today: int


def me(backend: Backend, caller: Caller) -> Me:
    """Say who asks."""
    store, plan = backend.workspace.store, PLANS[caller.plan]
    told = PlanAnswer(
        name=caller.plan, calls_per_minute=plan.per_minute, burst=plan.burst, calls_per_day=plan.per_day,
        jobs=plan.jobs, calls_at_once=plan.at_once,
    )  # fmt: skip
    return Me(
        name=caller.name, kind="key" if caller.key_id else "person", tenant=store.people.tenant(caller.tenant_id).name,
        scopes=sorted(caller.scopes), sandbox=caller.sandbox, plan=told,
        calls_today=store.usage.calls_on(caller.tenant_id, backend.workspace.clock.now().date()),
    )  # fmt: skip


def users(backend: Backend, caller: Caller) -> UserList:
    """Return the people of the caller's tenant."""
    return UserList(users=[_answer(user) for user in backend.workspace.store.people.users(caller.tenant_id)])


def invite(backend: Backend, caller: Caller, role: str, *, request_id: str = "") -> InvitationAnswer:
    """Make an invitation to the caller's tenant.

    Raises
    ------
    UsageError
        The role is not known.
    """
    store = backend.workspace.store
    code = store.people.invite(caller.tenant_id, role)
    ends = store.people.invited(code).expires_at
    _written(backend, caller, "invited", role, {}, request_id)
    return InvitationAnswer(code=code, address=f"/welcome?code={code}", role=role, expires_at=ends)


def change_user(
    backend: Backend, caller: Caller, user_id: str, *, role: str | None = None, disabled: bool | None = None,
    request_id: str = "",
) -> UserAnswer:  # fmt: skip
    """Change what a person of the caller's tenant may; a disabled one is out within a second, with all keys.

    Raises
    ------
    NotFound
        The tenant has no such person.
    UsageError
        The role is not known, or no admin would be left.
    """
    store = backend.workspace.store
    user = store.people.user(user_id, caller.tenant_id)
    values: dict[str, Any] = {} if role is None else {"role": role}
    if disabled is not None and disabled != (user.disabled_at is not None):
        values["disabled_at"] = backend.workspace.clock.now() if disabled else None
    if values:
        user = store.people.change(user.id, **values)
        backend.doorkeeper.forget()
        _written(backend, caller, "changed a user", person(user.id), {"role": role, "disabled": disabled}, request_id)
    return _answer(user)


def _written(
    backend: Backend, caller: Caller, action: str, subject: str, data: dict[str, Any], request_id: str
) -> None:
    backend.workspace.store.audit_trail.add(
        caller.tenant_id, caller.actor, action, subject, request_id=request_id or None, data=data
    )


def _answer(user: User) -> UserAnswer:
    return UserAnswer(
        id=user.id, name=user.name, role=user.role, created_at=user.created_at, disabled_at=user.disabled_at
    )
