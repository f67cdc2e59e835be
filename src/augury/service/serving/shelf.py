"""The shelf: answers that are the same for everybody who may read, kept as bytes until something is written.

One ASGI layer behind the door. The first answer to an address comes from its route, which checks every
parameter; while the mark of the store stays the same, the next caller gets the same bytes. Who calls is found
out, limited, logged and metered as ever: only the route and the store are spared.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from augury.core.errors import AuguryError
from augury.service.access import Needs
from augury.service.backend import Backend
from augury.service.etags import names
from augury.service.problems import named
from augury.service.serving.freshness import freshness_of

KEPT: Final = frozenset({"/v1/forecasts", "/v1/forecasts/{forecast_id}", "/v1/forecasts/views/{view}"})
"""Routes whose answer depends on the address and on what :meth:`ForecastPages.mark` sees, and on nothing else."""
PREFIX: Final = "/v1/forecasts"
BYTES_MAX: Final = 64 * 1024 * 1024
_READ: Final = Needs("read")


@dataclass(frozen=True, slots=True)
class Answer:
    """One kept answer."""

    mark: tuple[int, ...]
    route: Any
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    tag: str


class Shelf:
    """The layer that keeps answers.

    Parameters
    ----------
    app : ASGI application
    backend : Backend
    """

    def __init__(self, app: ASGIApp, backend: Backend) -> None:
        self.app, self.backend = app, backend
        self._freshness = freshness_of(backend)
        self._kept: OrderedDict[tuple[str, bytes], Answer] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the shelf, or let the route answer and keep what it says."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
            return await self.app(scope, receive, send)
        place = (scope["path"], scope["query_string"])
        try:
            mark = await self._freshness.mark()
        except AuguryError:  # the route says what is wrong with the store
            return await self.app(scope, receive, send)
        kept = self._kept.get(place)
        if kept is not None and kept.mark == mark:
            return await self._hand_out(kept, scope, receive, send)
        catcher = _Catcher(send)
        await self.app(scope, receive, catcher.send)
        self._keep(place, mark, catcher, scope)
        return None

    async def _hand_out(self, kept: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        scope["route"] = kept.route
        try:
            await _READ(request)
        except AuguryError as error:
            refusal = await named(request, error)
            return await refusal(scope, receive, send)
        known = next((value for name, value in scope["headers"] if name == b"if-none-match"), None)
        if known is not None and names(known.decode("latin-1"), kept.tag):
            headers = [pair for pair in kept.headers if pair[0] in (b"etag", b"cache-control")]
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            return await send({"type": "http.response.body", "body": b""})
        await send({"type": "http.response.start", "status": 200, "headers": list(kept.headers)})
        return await send({"type": "http.response.body", "body": kept.body})

    def _keep(self, place: tuple[str, bytes], mark: tuple[int, ...], catcher: _Catcher, scope: Scope) -> None:
        route = scope.get("route")
        tag = next((value.decode() for name, value in catcher.headers if name == b"etag"), "")
        if getattr(route, "path", "") not in KEPT or catcher.status != 200 or not tag or not catcher.whole:
            return
        old = self._kept.pop(place, None)
        self._bytes += len(catcher.body) - (len(old.body) if old else 0)
        self._kept[place] = Answer(mark, route, catcher.headers, catcher.body, tag)
        while self._bytes > BYTES_MAX:
            self._bytes -= len(self._kept.popitem(last=False)[1].body)


class _Catcher:
    """Sends an answer on and remembers it as the route said it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status, self.body, self.whole = 0, b"", False
        self.headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            # A copy: the door adds headers of its own to the list on the way out.
            self.status, self.headers = message["status"], tuple(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            self.whole = not message.get("more_body", False)
        await self._send(message)
