"""The server: uvicorn, which stops without cutting anybody off and without waiting for those who only listen."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from augury.service.backend import Backend
from augury.service.events import Watch
from augury.service.serving.memory import settle

REQUEST_S: Final = 20.0
"""From its first byte to its last: whoever takes longer to ask holds a connection open for nothing."""
KEEP_ALIVE_S: Final = 30
GRACE_S: Final = 10


class Joined:
    """A transport that sends what is written in one turn of the loop at once: the head of an answer with its body.

    Parameters
    ----------
    transport : asyncio.Transport
    loop : asyncio.AbstractEventLoop
    """

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """Hold the first part until the second, or the end of the turn."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        else:
            self._held = bytes(data)
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what is held."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def close(self) -> None:
        """Send what is held and close."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's own."""
        return getattr(self._transport, name)


class Patient(HttpToolsProtocol):
    """Patient, but not for ever: a connection on which no whole request arrives in time is closed."""

    late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        joined: Any = Joined(transport, self.loop)
        super().connection_made(joined)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Begin to wait for the rest of a request, unless this is it."""
        if self.late is None:
            self._wait()
        super().data_received(data)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._arrived()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._arrived()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self.late = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _arrived(self) -> None:
        if self.late is not None:
            self.late.cancel()
            self.late = None


class Server(uvicorn.Server):
    """Ends the streams of those who watch as soon as it is told to stop; requests are finished."""

    def __init__(self, config: uvicorn.Config, watch: Watch, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._watch, self._ready = watch, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            settle()
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop: at the first signal gently, at the second at once."""
        self._watch.closing = True
        super().handle_exit(sig, frame)


def answer(app: FastAPI, backend: Backend, listener: socket.socket, ready: Callable[[], None]) -> bool:
    """Answer requests on a listening socket until told to stop; False when the start failed.

    Parameters
    ----------
    app : FastAPI
    backend : Backend
    listener : socket
    ready : callable
        Called once requests are answered.
    """
    watch: Watch = backend.parts.setdefault("watch", Watch(backend.workspace.store))
    # Our own door writes the access log; headers that name the server tell strangers more than they need.
    config = uvicorn.Config(
        app, http=Patient, access_log=False, server_header=False, log_level="warning", ws="none",
        proxy_headers=False,  # no header chooses the address that limits count by
        timeout_keep_alive=KEEP_ALIVE_S, timeout_graceful_shutdown=GRACE_S,
    )  # fmt: skip
    server = Server(config, watch, ready)
    # uvicorn raises the signal again when it is done: the end that was asked for is no failure.
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return server.started
