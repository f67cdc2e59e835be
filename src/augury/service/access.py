"""Access: the one authoriser. A route says what it needs by the type of its ``caller`` parameter.

    caller: Reader      read what the installation says and what is one's own
    caller: Predictor   have forecasts made
    caller: Recorder    have written what was computed: forecasts, backtests, positions (no sandbox key may)
    caller: Trainer     ask for jobs
    caller: Admin       rule one's own tenant: users, keys, webhooks, usage
    caller: Operator    rule the installation: promote, roll back, pause (admins of the home tenant)

A program shows a key (``Authorization: Bearer aug_live_…``), a person's browser the cookie of a
session. Whoever comes with a cookie must, on every verb that changes something, come from our own
pages (``Origin``) and know the token that only those hold (CSRF).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request

from augury.core.errors import Forbidden, LimitReached, NotSignedIn
from augury.records.accounts.tables import HOME
from augury.service import idempotency
from augury.service.accounts.caller import Caller, csrf_token
from augury.service.accounts.tries import by_address, count_try
from augury.service.backend import Backend, backend_of

COOKIE: Final = "augury_session"
SCOPES: Final = ("read", "predict", "record", "train", "admin", "operate")
_GIVEN_BY: Final = {"record": "predict", "operate": "admin"}
"""Scopes that no key is given by name: they come with another one."""
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Needs:
    """Lets a caller through that has a scope, or says why not; a test walks all routes for it."""

    scope: str

    async def __call__(self, request: Request) -> Caller:
        """Find out who calls, count the call against the limits, and check the scope."""
        known: Caller | None = request.scope.get("augury.caller")
        caller = known or await _let_in(request)
        check_scope(caller, self.scope)
        if caller.sandbox and request.method not in _SAFE and self.scope != "predict":
            raise Forbidden("a sandbox key changes nothing", fix="augury keys create --name laptop")
        await idempotency.begin(request, caller)
        return caller


def check_scope(caller: Caller, scope: str) -> None:
    """Refuse a caller without a scope; a route calls it where a body says what is needed.

    Raises
    ------
    Forbidden
    """
    if scope not in caller.scopes:
        raise Forbidden(
            f"{caller.name} may {', '.join(sorted(caller.scopes)) or 'nothing'}; this needs {scope}",
            fix=f"augury keys create --name laptop --scope {_GIVEN_BY.get(scope, scope)}", needs=scope,
        )  # fmt: skip


async def _let_in(request: Request) -> Caller:
    backend = backend_of(request)
    caller = await identify(request, backend)
    request.scope["augury.caller"] = caller  # what the access log and the meter read
    decision = await backend.limits.take(caller)
    request.scope["augury.limit"] = decision  # what the door says in headers, and lets go when it has answered
    if not decision.allowed:
        raise LimitReached(
            f"{decision.limit} calls {_per(decision.window)} are allowed by plan {caller.plan} ({decision.subject})",
            fix="augury usage show", retry_after_s=decision.retry_after_s,
        )  # fmt: skip
    return caller


async def identify(request: Request, backend: Backend) -> Caller:
    """Say who calls.

    Raises
    ------
    NotSignedIn
        No key and no session, or one that opens nothing.
    LimitReached
        One wrong key after the other came from this address. Right ones are let in all the same: nobody
        is locked out by a neighbour behind the same address.
    Forbidden
        A session, and the request does not come from our own pages.
    """
    header = request.headers.get("authorization")
    if header is not None:
        try:
            return await backend.doorkeeper.by_key(header)
        except NotSignedIn:
            await count_try(backend.limits.cells, by_address(request.client))
            raise
    token = request.cookies.get(COOKIE)
    if token is None:
        raise NotSignedIn("no key and no session", fix="augury keys create --name laptop")
    caller = await backend.doorkeeper.by_session(token)
    if request.method not in _SAFE:
        await _from_our_pages(request, token)
    return caller


async def _from_our_pages(request: Request, token: str) -> None:
    origin = request.headers.get("origin") or request.headers.get("referer") or ""
    if urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("a session changes things from our own pages only", fix="augury keys create --name laptop")
    said = request.headers.get("x-csrf-token") or ""
    if not said and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get("csrf")
        said = field if isinstance(field, str) else ""
    if not hmac.compare_digest(said.encode(), csrf_token(token).encode()):
        raise Forbidden("the token of the page is missing or old: load the page again", fix="reload the page")


def _per(window: str) -> str:
    return window if window == "at once" else f"a {window}"


Reader = Annotated[Caller, Depends(Needs("read"))]
Predictor = Annotated[Caller, Depends(Needs("predict"))]
Recorder = Annotated[Caller, Depends(Needs("record"))]
Trainer = Annotated[Caller, Depends(Needs("train"))]
Admin = Annotated[Caller, Depends(Needs("admin"))]
Operator = Annotated[Caller, Depends(Needs("operate"))]


def tenants_seen(caller: Caller) -> tuple[str | None, ...]:
    """Whose rows a caller sees: the own tenant's, and for operators those of the installation (None)."""
    return (caller.tenant_id, None) if caller.tenant_id == HOME else (caller.tenant_id,)
