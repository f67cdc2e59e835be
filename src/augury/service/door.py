"""The door: what happens to every request before and after its route.

Plain ASGI, one layer: the host and the origin are checked, large, slow and endless bodies are stopped, an
id is given, the headers that protect browsers are set, and the call is logged, counted and metered. The
log line and the usage row are made from the same value, so they cannot disagree. No header of a proxy is
believed: the address of a caller is the one the connection comes from.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from augury.service.accounts.caller import Caller
from augury.service.accounts.limits import Decision
from augury.service.backend import Backend
from augury.service.bodies import Body
from augury.service.config import HEADER_BYTES_MAX
from augury.service.problems import plain, problem, unexpected
from augury.service.visits import Book

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
ADDRESS_BYTES_MAX: Final = 8 * 1024
GONE: Final = 499
"""Status in the log when the caller left before the answer began; nobody received it."""
_HEADERS: Final = [
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
]
_TLS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000")
_NO_STORE: Final = (b"cache-control", b"no-store")
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_SECRET: Final = re.compile(b"aug_live_|aug_test_|whsec_|api_key=")
_SUSPECT: Final = re.compile(b"[%\0]|" + _SECRET.pattern)
_ID_BYTES: Final = 16
_IDS: Final = 256
_PORTS: Final = {"http": 80, "https": 443}

Refusal = tuple[int, str, str]


class Door:
    """The one layer around all routes.

    Parameters
    ----------
    app : ASGI application
    backend : Backend
    """

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self.app = app
        self.backend = backend
        self._hosts = frozenset(host.lower() for host in backend.config.hosts)
        self._accepted: set[str] = set()
        self._headers = [*_HEADERS, _TLS_ONLY] if backend.config.secure else _HEADERS
        self._book = Book(backend)
        self._ids: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        method = scope["method"]
        if method == "HEAD":  # what GET would say, without its body
            scope = {**scope, "method": "GET"}
        began = time.perf_counter()
        scope["augury.request_id"] = self._request_id()
        out = _Out(scope, send, self._headers, head=method == "HEAD")
        body = Body(receive, self.backend.config.body_bytes_max)
        try:
            await self._answer(scope, body, out)
        finally:
            self._leave(scope)
            self._book.write(scope, method, out.status or GONE, (time.perf_counter() - began) * 1000)
        return None

    def _request_id(self) -> str:
        if not self._ids:  # the system is asked for chance once for many
            drawn = secrets.token_hex(_ID_BYTES * _IDS)
            self._ids = [drawn[at : at + 2 * _ID_BYTES] for at in range(0, len(drawn), 2 * _ID_BYTES)]
        return self._ids.pop()

    async def _answer(self, scope: Scope, body: Body, out: _Out) -> None:
        refused = self._refused(scope)
        if refused is not None:
            return await problem(Request(scope), *refused)(scope, body.receive, out.send)
        try:
            await self.app(scope, body.receive, out.send)
        except ClientDisconnect:
            return None
        except Exception as error:
            answer = plain if isinstance(error, HTTPException) else unexpected
            said = await answer(Request(scope), error)
            if out.status:  # too late for another answer: the connection ends, so that nobody takes a half for a whole
                out.status = 500
                raise
            await said(scope, body.receive, out.send)
        return None

    def _leave(self, scope: Scope) -> None:
        decision: Decision | None = scope.get("augury.limit")
        caller: Caller | None = scope.get("augury.caller")
        if caller is not None and decision is not None and decision.allowed:
            self.backend.limits.leave(caller)

    def _refused(self, scope: Scope) -> Refusal | None:
        size, hosts, length, origin, key = 0, [], b"0", b"", False
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name == b"host":
                hosts.append(value)
            elif name == b"content-length":
                length = value
            elif name == b"origin":
                origin = value
            elif name == b"authorization":
                key = True
        if size > HEADER_BYTES_MAX:
            return 431, "HeadersTooLarge", f"headers hold more than {HEADER_BYTES_MAX} bytes"
        if len(hosts) != 1 or not self._ours(scope, host := hosts[0].decode("latin-1").lower()):
            return 421, "WrongHost", "this service does not answer for that host name"
        if not length.isdigit() or int(length) > self.backend.config.body_bytes_max:
            return 413, "TooLarge", f"the body holds more than {self.backend.config.body_bytes_max} bytes"
        if origin and not key and scope["method"] not in _SAFE and _netloc(origin) != host:
            return 403, "Forbidden", "a browser changes things from our own pages only"
        return _wrong_address(scope)

    def _ours(self, scope: Scope, host: str) -> bool:
        if host in self._hosts or host in self._accepted:
            return True
        name, _, port = host[1:].partition("]") if host.startswith("[") else host.partition(":")
        port = port.removeprefix(":")
        listening = (scope.get("server") or (None, None))[1]
        expected = {str(listening or self.backend.config.port), str(_PORTS.get(scope.get("scheme", "http")))}
        ours = name in self._hosts and (not port or port in expected)
        if ours:  # a few names with one port each: asked for every request, worked out once
            self._accepted.add(host)
        return ours


def _wrong_address(scope: Scope) -> Refusal | None:
    query: bytes = scope["query_string"]
    place: bytes = scope.get("raw_path") or scope["path"].encode()
    if len(place) + len(query) > ADDRESS_BYTES_MAX:
        return 414, "AddressTooLong", f"the address holds more than {ADDRESS_BYTES_MAX} bytes"
    said = place + b"?" + query
    if _SUSPECT.search(said) is None:
        return None
    said = unquote_to_bytes(said)
    if _SECRET.search(said):
        scope["path"] = "/"  # what is refused here appears in no answer and no log
        return 400, "KeyInAddress", "a key does not belong into an address: send it as 'Authorization: Bearer …'"
    if b"\0" in said:
        return 400, "BrokenAddress", "the address holds a NUL character"
    return None


class _Out:
    """The way out: headers are added, and the status is remembered."""

    __slots__ = ("_head", "_headers", "_scope", "_send", "status")

    def __init__(self, scope: Scope, send: Send, headers: list[tuple[bytes, bytes]], *, head: bool) -> None:
        self.status = 0
        self._scope, self._send, self._headers, self._head = scope, send, headers, head

    async def send(self, message: Message) -> None:
        """Send one message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), *self._own(message)]}
        elif self._head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)

    def _own(self, message: Message) -> list[tuple[bytes, bytes]]:
        own = [*self._headers, (b"x-request-id", self._scope["augury.request_id"].encode())]
        if not any(name == b"cache-control" for name, _ in message.get("headers", ())):
            own.append(_NO_STORE)
        decision: Decision | None = self._scope.get("augury.limit")
        if decision is not None:
            own += (
                (b"ratelimit-limit", b"%d" % decision.limit),
                (b"ratelimit-remaining", b"%d" % decision.remaining),
                (b"ratelimit-reset", b"%d" % -int(-decision.reset_s // 1)),
            )
        return own


def _netloc(origin: bytes) -> str:
    try:
        return urlsplit(origin.decode("latin-1")).netloc.lower()
    except ValueError:  # brackets that are no address
        return ""
