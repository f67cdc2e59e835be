"""``Idempotency-Key``: a POST that is sent twice is done once, and both sendings get the same answer.

The key is looked up when it is known who asks and that they may (``access.Needs``), before the work;
the answer is remembered when the work is done (``strict.StrictRoute``). A refusal is not remembered:
nothing was done, so the key is free again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from augury.core.clock import iso
from augury.core.errors import GateRefused, UsageError
from augury.records.accounts.idempotency import Remembered

if TYPE_CHECKING:
    from augury.service.accounts.caller import Caller

HEADER: Final = "idempotency-key"
LENGTH_MAX: Final = 255
_PLACE: Final = "augury.idempotency"
_SECRETS: Final = (b"aug_live_", b"aug_test_", b"aug_invite_", b"whsec_")
"""An answer that holds one of these is shown once and kept nowhere."""
_HEADERS: Final = ("content-type", "location", "etag")


class IdempotencyConflict(GateRefused):
    """The key was used for another request, or its answer cannot be given again."""


class IdempotencyInProgress(GateRefused):
    """The first request with this key is still being answered."""


class Replay(Exception):
    """The request was answered before; carries that answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def begin(request: Request, caller: Caller) -> None:
    """Look a request's key up, once it is known whose it is; requests without one pass.

    Raises
    ------
    Replay
        It was answered before.
    IdempotencyConflict, IdempotencyInProgress
    UsageError
        The key is empty, too long or not printable ASCII.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or not request.url.path.startswith("/v1/"):
        return
    if not 0 < len(key) <= LENGTH_MAX or not (key.isascii() and key.isprintable()):
        raise UsageError(f"{HEADER} is 1 to {LENGTH_MAX} printable ASCII characters, found {len(key)}")
    mark = await _mark(request)
    keys = request.app.state.backend.workspace.store.idempotency
    mine, known = await run_in_threadpool(keys.begin, caller.tenant_id, key, mark)
    if mine:
        request.scope[_PLACE] = (caller.tenant_id, key, known)
    else:
        raise Replay(_again(known, key, mark))


async def answered(request: Request, answer: Callable[[Request], Coroutine[Any, Any, Response]]) -> Response:
    """Let a route answer, and remember what it said when the request has a key."""
    response: Response | None = None
    try:
        response = await answer(request)
    except Replay as before:
        return before.response
    finally:  # also when the caller has left: without an answer the key is free again
        await _close(request, response)
    return response


def job_key(request: Request) -> str | None:
    """Return the name under which what a request asks for is found again after its process died."""
    place = request.scope.get(_PLACE)
    if place is None:
        return None
    tenant_id, key, known = place
    return f"{tenant_id}:{key}:{iso(known.created_at.astimezone(UTC))}"


async def _mark(request: Request) -> str:
    said = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    return hashlib.sha256(said).hexdigest()


def _again(known: Remembered, key: str, mark: str) -> Response:
    if known.request_hash != mark:
        raise IdempotencyConflict(f"key '{key}' was used for another request: use a new key for a new request")
    if known.status is None:
        raise IdempotencyInProgress(f"the first request with key '{key}' is still being answered: ask again")
    if known.body is None:
        raise IdempotencyConflict("this was done; its answer held a secret that is shown once and kept nowhere")
    return Response(known.body, known.status, {**known.headers, "Idempotency-Replayed": "true"})


async def _close(request: Request, response: Response | None) -> None:
    place = request.scope.pop(_PLACE, None)
    if place is None:
        return
    tenant_id, key, _ = place
    keys = request.app.state.backend.workspace.store.idempotency
    body = getattr(response, "body", None)
    if response is None or response.status_code >= 400 or not isinstance(body, bytes):
        await run_in_threadpool(keys.release, tenant_id, key)
        return
    kept = None if any(secret in body for secret in _SECRETS) else body
    headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
    await run_in_threadpool(keys.answer, tenant_id, key, response.status_code, headers, kept)
