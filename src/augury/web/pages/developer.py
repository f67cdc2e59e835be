"""Developer: keys, what they used, webhooks, and the three calls to a first answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from augury.core.errors import AuguryError, GateRefused, UsageError
from augury.service.access import Admin, Reader
from augury.service.accounts.caller import KEY_SCOPES, Caller
from augury.service.answers.keys import NewKey, keys, make_key, revoke_key, rotate_key
from augury.service.answers.usage import usage_days
from augury.service.answers.webhooks import NewWebhook, create, delete, webhooks
from augury.service.backend import Backend, TheBackend
from augury.service.problems import request_id_of
from augury.service.webhooks.dispatcher import EVENTS
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
_DAYS = (
    Column("day", "Day", unit="UTC"), Column("calls", "Calls", "count"), Column("units", "Billed", "count", "units"),
    Column("refused", "Refused", "count"), Column("failed", "Failed", "count"),
    Column("latency_ms", "Mean time", "ms", "ms"),
)  # fmt: skip


@ROUTER.get("/developer")
def developer(request: Request, backend: TheBackend, caller: Reader, done: str = "") -> Response:
    """Show the keys, their use and the quick start."""
    return _shown(request, backend, caller, done=done)


@ROUTER.post("/developer/keys")
def add_key(
    request: Request, backend: TheBackend, caller: Admin, name: Annotated[str, Form(max_length=100)],
    scopes: Annotated[list[str] | None, Form()] = None, days: Annotated[str, Form(pattern="^[0-9]{0,4}$")] = "",
) -> Response:  # fmt: skip
    """Make a key and show it this once."""
    lasting = int(days) if days else None
    try:
        made = make_key(backend, caller, name, scopes or ["read"], days=lasting, request_id=request_id_of(request))
    except UsageError as error:
        return _shown(request, backend, caller, refused=error, status=422)
    return _shown(request, backend, caller, made=made, status=201)


@ROUTER.post("/developer/keys/{key_id}/rotate")
def replace_key(request: Request, backend: TheBackend, caller: Admin, key_id: str) -> Response:
    """Put a new key in the place of an old one, which goes on for a day."""
    try:
        made = rotate_key(backend, caller, key_id, 24, request_id=request_id_of(request))
    except UsageError as error:
        return _shown(request, backend, caller, refused=error, status=422)
    return _shown(request, backend, caller, made=made, status=201)


@ROUTER.post("/developer/keys/{key_id}/revoke")
def end_key(request: Request, backend: TheBackend, caller: Admin, key_id: str) -> Response:
    """End a key now."""
    revoke_key(backend, caller, key_id, request_id=request_id_of(request))
    return RedirectResponse("/developer?done=revoked#keys", 303)


@ROUTER.post("/developer/webhooks")
def add_webhook(
    request: Request, backend: TheBackend, caller: Admin, url: Annotated[str, Form(max_length=2000)],
    events: Annotated[list[str] | None, Form()] = None,
) -> Response:  # fmt: skip
    """Write a webhook down and show its secret this once."""
    try:
        hook = create(backend, caller, url, events or list(EVENTS), request_id_of(request))
    except (UsageError, GateRefused) as error:
        return _shown(request, backend, caller, refused=error, status=422)
    return _shown(request, backend, caller, hook=hook, status=201)


@ROUTER.post("/developer/webhooks/{webhook_id}/delete")
def end_webhook(request: Request, backend: TheBackend, caller: Admin, webhook_id: str) -> Response:
    """Tell an address nothing more."""
    delete(backend, caller, webhook_id, request_id_of(request))
    return RedirectResponse("/developer?done=deleted#webhooks", 303)


def _shown(
    request: Request, backend: Backend, caller: Caller, *, done: str = "", made: NewKey | None = None,
    hook: NewWebhook | None = None, refused: AuguryError | None = None, status: int = 200,
) -> Response:  # fmt: skip
    rules = "admin" in caller.scopes
    days = usage_days(backend, caller) if rules else None
    rows = [one.model_dump() for one in days.days] if days else []
    caption = f"Calls a day; plan {caller.plan}" + (f" allows {days.calls_per_day:,} a day" if days else "")
    shown = Table("usage", caption, _DAYS, rows, "No call was made yet.", 'curl -H "Authorization: Bearer $AUGURY_KEY"')
    return page(
        request, caller, "developer.html", title="Developer", status=status, tables=[shown], rules=rules,
        keys=keys(backend, caller).keys if rules else [], hooks=webhooks(backend, caller).webhooks if rules else [],
        scopes=[scope for scope in KEY_SCOPES if scope in caller.scopes], events=EVENTS, made=made, hook=hook,
        refused=refused, done=done, base=str(request.base_url).rstrip("/"),
        most=max((row["calls"] for row in rows), default=0),
    )  # fmt: skip
