"""Keys of programs: what is known of them, and the one moment in which they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from augury.core.errors import Forbidden
from augury.records.accounts.api_keys import ApiKey
from augury.service.accounts.caller import Caller
from augury.service.accounts.issuing import issue, reissue
from augury.service.accounts.keys import PREFIXES
from augury.service.backend import Backend
from augury.service.strict import Answer


class KeyAnswer(Answer):
    """What is known of a key. ``hint`` is its beginning; ``state`` is live, rotated (ends soon), ended or revoked."""

    id: str
    name: str
    hint: str
    sandbox: bool
    scopes: list[str]
    state: str
    user_id: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    rotated_to: str | None


class NewKey(KeyAnswer):
    """A key that was just made. ``key`` is shown this once and kept nowhere."""

    key: str


class KeyList(Answer):
    """The keys of a tenant, the newest first."""

    keys: list[KeyAnswer]


def keys(backend: Backend, caller: Caller) -> KeyList:
    """Return the keys of the caller's tenant."""
    now = backend.workspace.clock.now()
    return KeyList(keys=[key_answer(key, now) for key in backend.workspace.store.api_keys.list(caller.tenant_id)])


def make_key(
    backend: Backend, caller: Caller, name: str, scopes: Sequence[str], *, days: int | None = None,
    sandbox: bool = False, request_id: str = "",
) -> NewKey:  # fmt: skip
    """Make a key in the caller's tenant; it may not more than the caller.

    Raises
    ------
    UsageError, Forbidden
        As :func:`issue`.
    """
    store = backend.workspace.store
    key, made = issue(
        store, tenant_id=caller.tenant_id, user_id=caller.user_id, name=name, scopes=scopes, allowed=caller.scopes,
        days=days, sandbox=sandbox,
    )  # fmt: skip
    _written(backend, caller, "made a key", made, request_id)
    return _new(key, made, backend)


def rotate_key(backend: Backend, caller: Caller, key_id: str, overlap_hours: int, *, request_id: str = "") -> NewKey:
    """Put a new key in the place of one of the tenant's; the old one goes on for the overlap.

    Raises
    ------
    NotFound
        The tenant has no such key.
    UsageError
        It has ended, or was rotated already.
    Forbidden
        The key may more than the caller.
    """
    store = backend.workspace.store
    old = store.api_keys.get(key_id, caller.tenant_id)
    if beyond := sorted(set(old.scopes) - caller.scopes):
        raise Forbidden(f"this key may more than its rotator: {', '.join(beyond)}")
    key, made = reissue(store, key_id, caller.tenant_id, timedelta(hours=overlap_hours))
    backend.doorkeeper.forget()
    _written(backend, caller, "rotated a key", old, request_id)
    return _new(key, made, backend)


def revoke_key(backend: Backend, caller: Caller, key_id: str, *, request_id: str = "") -> KeyAnswer:
    """End one of the tenant's keys now; in other processes it opens nothing within a second.

    Raises
    ------
    NotFound
        The tenant has no such key.
    """
    ended = backend.workspace.store.api_keys.revoke(key_id, caller.tenant_id)
    backend.doorkeeper.forget()
    _written(backend, caller, "revoked a key", ended, request_id)
    return key_answer(ended, backend.workspace.clock.now())


def _written(backend: Backend, caller: Caller, action: str, key: ApiKey, request_id: str) -> None:
    backend.workspace.store.audit_trail.add(
        caller.tenant_id, caller.actor, action, key.id, request_id=request_id or None,
        data={"name": key.name, "hint": key.hint, "scopes": list(key.scopes)},
    )  # fmt: skip


def _new(key: str, made: ApiKey, backend: Backend) -> NewKey:
    return NewKey(key=key, **key_answer(made, backend.workspace.clock.now()).model_dump())


def key_answer(key: ApiKey, now: datetime) -> KeyAnswer:
    """Say what is known of a key."""
    return KeyAnswer(
        id=key.id, name=key.name, hint=f"{key.hint}…", sandbox=not key.hint.startswith(PREFIXES[0]),
        scopes=list(key.scopes), state=state_of(key, now), user_id=key.user_id, created_at=key.created_at,
        expires_at=key.expires_at, revoked_at=key.revoked_at, rotated_to=key.rotated_to,
    )  # fmt: skip


def state_of(key: ApiKey, now: datetime) -> str:
    """Say in a word how a key is."""
    if key.revoked_at is not None and key.revoked_at <= now:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "ended"
    return "rotated" if key.rotated_to else "live"
