"""What a person may see and change of the own account."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, get_args

from augury.core.errors import Forbidden, UsageError
from augury.records.accounts.audit_trail import person
from augury.records.accounts.people import User
from augury.service.accounts.caller import Caller
from augury.service.accounts.passwords import hash_password, right
from augury.service.backend import Backend
from augury.service.strict import Answer

THEMES: Final = ("auto", "light", "dark")
Preset = Literal["conservative", "balanced", "aggressive"]
PRESETS: Final[tuple[Preset, ...]] = get_args(Preset)


class Account(Answer):
    """A person's account. ``preset`` is how much is put at stake where nothing else was chosen."""

    name: str
    role: str
    tenant: str
    plan: str
    created_at: datetime
    theme: str = "auto"
    preset: Preset = "balanced"


def account(backend: Backend, caller: Caller) -> Account:
    """Return the caller's account."""
    return _account(backend, person_asking(backend, caller))


def choose(backend: Backend, caller: Caller, **chosen: str) -> Account:
    """Keep what the caller chose on screens: ``theme``, ``preset``.

    Raises
    ------
    UsageError
        There is no such choice.
    """
    for name, known in (("theme", THEMES), ("preset", PRESETS)):
        if name in chosen and chosen[name] not in known:
            raise UsageError(f"{name} '{chosen[name]}' is not one of: {', '.join(known)}")
    user = person_asking(backend, caller)
    changed = backend.workspace.store.people.change(user.id, settings={**user.settings, **chosen})
    return _account(backend, changed)


def change_password(backend: Backend, caller: Caller, old: str, new: str) -> str:
    """Put a new password in the place of the old one and return the token of a fresh session.

    Every session that was open ends.

    Raises
    ------
    UsageError
        The old password is not right, or the new one is too short.
    """
    store = backend.workspace.store
    user = person_asking(backend, caller)
    if not right(old, user.password_hash):
        raise UsageError("the present password is not right: nothing was changed")
    store.people.change(user.id, password_hash=hash_password(new))
    store.audit_trail.add(user.tenant_id, caller.actor, "changed the password", person(user.id))
    backend.doorkeeper.forget()
    return store.sessions.open(user.id)


def sign_out_everywhere(backend: Backend, caller: Caller) -> None:
    """End every session of the caller, this one too."""
    store = backend.workspace.store
    user = person_asking(backend, caller)
    store.sessions.close_all(user.id)
    store.audit_trail.add(user.tenant_id, caller.actor, "signed out everywhere", person(user.id))
    backend.doorkeeper.forget()


def theme_of(backend: Backend, token: str) -> str:
    """Return the theme the person of a session chose."""
    user = backend.workspace.store.sessions.user(token)
    return "auto" if user is None else str(user.settings.get("theme", "auto"))


def preset_of(backend: Backend, caller: Caller) -> Preset:
    """Return the preset a person chose; a program, which has no settings, gets the balanced one."""
    return "balanced" if caller.user_id is None else account(backend, caller).preset


def person_asking(backend: Backend, caller: Caller) -> User:
    """Return the person who asks, also through a key of theirs.

    Raises
    ------
    Forbidden
        A key that nobody's account made.
    """
    if caller.user_id is None:
        raise Forbidden("a key has no account: sign in as a person", fix="augury users list")
    return backend.workspace.store.people.user(caller.user_id)


def _account(backend: Backend, user: User) -> Account:
    tenant = backend.workspace.store.people.tenant(user.tenant_id)
    own = {"name": user.name, "role": user.role, "tenant": tenant.name, "plan": tenant.plan}
    chosen = {name: user.settings[name] for name in ("theme", "preset") if name in user.settings}
    return Account.model_validate(own | {"created_at": user.created_at} | chosen)
