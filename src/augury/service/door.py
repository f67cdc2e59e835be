"""The door: what happens to every request before and after its route.

Plain ASGI, one layer: the host is checked, large and endless bodies are stopped, an id is given, the
headers that protect browsers are set, and the call is logged, counted and metered. The log line and
the usage row are made from the same value, so they cannot disagree.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import Final

import structlog
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from augury.service.accounts.caller import Caller
from augury.service.accounts.limits import Decision
from augury.service.accounts.meter import Call
from augury.service.backend import Backend
from augury.service.config import HEADER_BYTES_MAX
from augury.service.problems import problem

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Final = [
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
]
_log = structlog.get_logger("augury.access")


class BodyTooLarge(Exception):
    """The body passed the limit while it was read."""


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        visit = _Visit(self.backend, scope, receive, send)
        refused = self._refused(scope, visit)
        if refused is not None:
            status, code, detail = refused
            answer = problem(Request(scope), status, code, detail)
            await answer(scope, receive, visit.send)
        else:
            try:
                await self.app(scope, visit.receive, visit.send)
            except BodyTooLarge:
                if not visit.status:
                    answer = problem(Request(scope), 413, "TooLarge", visit.too_large())
                    await answer(scope, receive, visit.send)
        visit.write_down()
        return None

    def _refused(self, scope: Scope, visit: _Visit) -> tuple[int, str, str] | None:
        headers = scope["headers"]
        host = next((value for name, value in headers if name == b"host"), b"").decode("latin-1")
        if _name_of(host).lower() not in self._hosts:
            return 421, "WrongHost", "this service does not answer for that host name"
        if sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES_MAX:
            return 431, "HeadersTooLarge", f"headers hold more than {HEADER_BYTES_MAX} bytes"
        length = next((value for name, value in headers if name == b"content-length"), b"0")
        if not length.isdigit() or int(length) > self.backend.config.body_bytes_max:
            return 413, "TooLarge", visit.too_large()
        if b"api_key=" in scope["query_string"] or b"aug_live_" in scope["query_string"]:
            return 400, "KeyInAddress", "a key does not belong into an address: send it as 'Authorization: Bearer …'"
        return None


class _Visit:
    """One request on its way through."""

    def __init__(self, backend: Backend, scope: Scope, receive: Receive, send: Send) -> None:
        self.backend, self.scope = backend, scope
        self.status, self.read = 0, 0
        self.began = time.perf_counter()
        self._receive, self._send = receive, send
        scope["augury.request_id"] = secrets.token_hex(16)

    def too_large(self) -> str:
        return f"the body holds more than {self.backend.config.body_bytes_max} bytes"

    async def receive(self) -> Message:
        message = await self._receive()
        self.read += len(message.get("body", b""))
        if self.read > self.backend.config.body_bytes_max:
            raise BodyTooLarge
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            headers.extend(_HEADERS)
            headers.append((b"x-request-id", self.scope["augury.request_id"].encode()))
            if not any(name == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            decision: Decision | None = self.scope.get("augury.limit")
            if decision is not None:
                headers.extend(_limit_headers(decision))
        await self._send(message)

    def write_down(self) -> None:
        latency_ms = (time.perf_counter() - self.began) * 1000
        route = getattr(self.scope.get("route"), "path", "unknown")
        method = self.scope["method"]
        metrics = self.backend.metrics
        metrics.calls.labels(route, method, str(self.status)).inc()
        metrics.latency.labels(route).observe(latency_ms / 1000)
        if self.status >= 500:
            metrics.errors.labels(route).inc()
        caller: Caller | None = self.scope.get("augury.caller")
        request_id, units = self.scope["augury.request_id"], self.scope.get("augury.units", 1)
        whose = (caller.tenant_id, caller.key_id, caller.user_id) if caller else ("", None, None)
        call = Call(*whose, request_id, datetime.now(UTC), method, route, self.status, round(latency_ms, 3), units)
        if caller is not None:
            self.backend.meter.note(call)
        _log.info("call", **{name: getattr(call, name) for name in Call.__slots__ if name != "at"})


def _limit_headers(decision: Decision) -> list[tuple[bytes, bytes]]:
    return [
        (b"ratelimit-limit", str(decision.limit).encode()),
        (b"ratelimit-remaining", str(decision.remaining).encode()),
        (b"ratelimit-reset", str(round(decision.reset_s)).encode()),
    ]


def _name_of(host: str) -> str:
    """Cut the port off a Host header."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
