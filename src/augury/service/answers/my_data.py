"""My data: everything a person owns here, as one document, and the way out with all of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from anyio import from_thread

from augury.core.clock import iso
from augury.core.errors import UsageError
from augury.core.hashing import canonical_json
from augury.core.typing import Json
from augury.records.accounts.people import User
from augury.records.accounts.positions import PaperPosition
from augury.records.accounts.watchlist import Watched
from augury.service.accounts.caller import Caller
from augury.service.accounts.passwords import right
from augury.service.accounts.tries import by_name, count_try
from augury.service.answers.account import person_asking
from augury.service.answers.audit import ActAnswer, act_answer
from augury.service.answers.keys import KeyAnswer, key_answer
from augury.service.answers.usage import CallAnswer, call_answer
from augury.service.answers.webhooks import WebhookAnswer, webhooks
from augury.service.backend import Backend
from augury.service.strict import Answer

PAGE: Final = 1000
"""Rows of usage and of the audit trail that are read at once: the document is written while it is read."""


class Profile(Answer):
    """Who a person is here, and what they chose."""

    id: str
    name: str
    role: str
    tenant: str
    settings: Json
    created_at: datetime


class SessionAnswer(Answer):
    """One open session; what opens it is kept as a hash only."""

    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class WatchedAnswer(Answer):
    """One symbol of the watchlist, what was taken off included; ``stamps`` says when each field was written."""

    symbol: str
    position: float
    note: str
    removed: bool
    stamps: dict[str, str]
    updated_at: datetime


class PositionKept(Answer):
    """One paper position as it was decided; prices per share, ``quantity`` in shares, below 0 is short."""

    id: str
    symbol: str
    timeframe: str
    quantity: float
    entry_price: float
    opened_at: datetime
    exit_price: float | None
    closed_at: datetime | None
    forecast_id: int | None


class MyData(Answer):
    """All a person owns in their tenant. Keys and webhooks come without their secrets; webhooks only to who rules them.

    ``usage`` and ``acts`` (what they did, also through their keys) are whole, the newest first.
    """

    exported_at: datetime
    profile: Profile
    keys: list[KeyAnswer]
    sessions: list[SessionAnswer]
    watchlist: list[WatchedAnswer]
    positions: list[PositionKept]
    webhooks: list[WebhookAnswer]
    usage: list[CallAnswer]
    acts: list[ActAnswer]


def my_data(backend: Backend, caller: Caller) -> Iterator[bytes]:
    """Write a :class:`MyData` document piece by piece, however much there is.

    Raises
    ------
    Forbidden
        A key that nobody's account made.
    """
    user = person_asking(backend, caller)  # before the first byte: a refusal can still be said
    return _written(backend, caller, user)


def delete_me(backend: Backend, caller: Caller, password: str, *, request_id: str = "") -> None:
    """Take the caller out of the installation: sessions and keys end at once, what is personal is gone.

    Raises
    ------
    Forbidden
        A key that nobody's account made.
    UsageError
        The password is not right, or they are the last admin of their tenant.
    LimitReached
        Too many wrong passwords.
    """
    user = person_asking(backend, caller)
    tries = (by_name(user.name),)
    from_thread.run(count_try, backend.limits.cells, *tries)
    if not right(password, user.password_hash):
        raise UsageError("the password is not right: nothing was deleted")
    from_thread.run(backend.limits.cells.give_back, tries)
    erasure = backend.workspace.store.erasure
    erasure.erase(user.id, user.tenant_id, by=caller.actor, request_id=request_id or None)
    backend.doorkeeper.forget()


def _written(backend: Backend, caller: Caller, user: User) -> Iterator[bytes]:
    head = _small(backend, caller, user)
    yield canonical_json(head).encode()[:-1]
    for name, rows in (("usage", _calls(backend, user)), ("acts", _acts(backend, user))):
        yield f',"{name}":['.encode()
        comma = ""
        while page := list(islice(rows, PAGE)):
            yield (comma + ",".join(canonical_json(row) for row in page)).encode()
            comma = ","
        yield b"]"
    yield b"}"


def _small(backend: Backend, caller: Caller, user: User) -> Json:
    store, now = backend.workspace.store, backend.workspace.clock.now()
    profile = Profile(
        id=user.id, name=user.name, role=user.role, tenant=store.people.tenant(user.tenant_id).name,
        settings=user.settings, created_at=user.created_at,
    )  # fmt: skip
    keys = store.api_keys.list(user.tenant_id, user_id=user.id)
    parts: dict[str, list[Answer]] = {
        "keys": [key_answer(key, now) for key in keys],
        "sessions": [
            SessionAnswer(created_at=one.created_at, seen_at=one.seen_at, expires_at=one.expires_at)
            for one in store.sessions.list(user.id)
        ],
        "watchlist": [_watched(one) for one in store.watchlist.list(user.id, removed=True)],
        "positions": [_position(one) for one in store.positions.list(user.id)],
        "webhooks": [*webhooks(backend, caller).webhooks] if "admin" in caller.scopes else [],
    }
    plain = {name: [one.model_dump(mode="json") for one in rows] for name, rows in parts.items()}
    return {"exported_at": iso(now), "profile": profile.model_dump(mode="json"), **plain}


def _calls(backend: Backend, user: User) -> Iterator[Json]:
    before: int | None = None
    usage = backend.workspace.store.usage
    while rows := usage.list(user.tenant_id, user_id=user.id, before=before, limit=PAGE):
        yield from (call_answer(call).model_dump(mode="json") for _, call in rows)
        before = rows[-1][0]


def _acts(backend: Backend, user: User) -> Iterator[Json]:
    before: int | None = None
    trail = backend.workspace.store.audit_trail
    while rows := trail.list(user.tenant_id, by=user.id, before=before, limit=PAGE):
        yield from (act_answer(row).model_dump(mode="json") for row in rows)
        before = rows[-1].id


def _watched(one: Watched) -> WatchedAnswer:
    return WatchedAnswer(**{name: getattr(one, name) for name in WatchedAnswer.model_fields})


def _position(one: PaperPosition) -> PositionKept:
    return PositionKept(**{name: getattr(one, name) for name in PositionKept.model_fields})
