"""``augury serve``: the API and the pages."""

from __future__ import annotations

import gc
import socket
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.session import SESSION
from augury.core.errors import EXIT_FAILURE, UsageError
from augury.core.extras import require

if TYPE_CHECKING:
    from augury.runs.workspace import Workspace
    from augury.service.config import ServiceConfig

Host = Annotated[str, typer.Option(help="Address to listen on; loopback unless you say otherwise.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
AllowHost = Annotated[
    list[str] | None, typer.Option("--allow-host", help="A name requests may be for, beside loopback; repeat.")
]
Secure = Annotated[bool, typer.Option("--secure", help="Behind TLS: cookies travel over https only.")]
RedisUrl = Annotated[str, typer.Option(help="redis://… where several processes count limits together.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury serve --port 8000")(serve)


def serve(
    host: Host = "127.0.0.1", port: Port = 8000, allow_host: AllowHost = None, secure: Secure = False,
    redis: RedisUrl = "",
) -> None:  # fmt: skip
    """Answer the API, show the pages, and tell webhooks the news.

    Without an account yet, the address that makes the first one is printed once. SIGTERM and Ctrl-C let requests that
    are under way finish.
    """
    gc.disable()  # while modules are loaded there is no garbage to find, only time to lose; the server turns it on
    require("uvicorn", extra="serve")
    listener = listen(host, port)  # before anything is opened: a taken port is told at once
    from augury.service.config import LOOPBACK, ServiceConfig

    hosts = (*LOOPBACK, *([host] if host not in ("0.0.0.0", "::") else []), *(allow_host or []))
    config = ServiceConfig(host, port, tuple(dict.fromkeys(hosts)), secure, redis)
    with listener, SESSION.workspace() as workspace:
        _run(workspace, config, listener)


def listen(host: str, port: int) -> socket.socket:
    """Take a port.

    Raises
    ------
    UsageError
        Another process has it, or the address is none of this machine's.
    """
    listener = socket.socket()
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener.close()
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # a peer that vanished without a word is given up after this
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror or error}", fix=f"augury serve --port {port % 65535 + 1}"
        ) from error
    return listener


def _welcome(workspace: Workspace, config: ServiceConfig) -> None:
    place = f"http://{config.host}:{config.port}"
    if workspace.store.people.empty():
        SESSION.say(f"the first account (once, within a day): {place}/welcome?code={workspace.store.people.invite()}")
    SESSION.say(f"Augury answers at {place}")


def _run(workspace: Workspace, config: ServiceConfig, listener: socket.socket) -> None:
    from augury.service.backend import Backend
    from augury.service.server import answer
    from augury.service.webhooks.dispatcher import Dispatcher, allowed_networks
    from augury.web.app import site

    backend = Backend.open(workspace, config)
    dispatcher = Dispatcher(workspace.store, workspace.clock, allowed_networks())
    dispatcher.start()
    try:
        well = answer(site(backend), backend, listener, lambda: _welcome(workspace, config))
    finally:
        dispatcher.close()
    if not well:
        sys.stderr.flush()
        raise typer.Exit(EXIT_FAILURE)
