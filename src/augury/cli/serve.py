"""``augury serve``: the API and the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.session import SESSION
from augury.core.extras import require

if TYPE_CHECKING:
    from augury.runs.workspace import Workspace
    from augury.service.config import ServiceConfig


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury serve --port 8000")(serve)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; loopback unless you say otherwise.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="A name requests may be for, beside loopback; repeat.")
    ] = None,
    secure: Annotated[bool, typer.Option("--secure", help="Behind TLS: cookies travel over https only.")] = False,
    redis: Annotated[str, typer.Option(help="redis://… where several processes count limits together.")] = "",
) -> None:
    """Answer the API and show the pages.

    Without an account yet, the address that makes the first one is printed once.
    """
    require("uvicorn", extra="serve")
    from augury.service.config import LOOPBACK, ServiceConfig

    hosts = (*LOOPBACK, *([host] if host not in ("0.0.0.0", "::") else []), *(allow_host or []))
    config = ServiceConfig(host, port, tuple(dict.fromkeys(hosts)), secure, redis)
    with SESSION.workspace() as workspace:
        _welcome(workspace, config)
        _run(workspace, config)


def _welcome(workspace: Workspace, config: ServiceConfig) -> None:
    place = f"http://{config.host}:{config.port}"
    if workspace.store.people.empty():
        SESSION.say(f"the first account (once, within a day): {place}/welcome?code={workspace.store.people.invite()}")
    SESSION.say(f"Augury answers at {place}")


def _run(workspace: Workspace, config: ServiceConfig) -> None:
    import uvicorn

    from augury.service.backend import Backend
    from augury.web.app import site

    app = site(Backend.open(workspace, config))
    # Our own door writes the access log; headers that name the server tell strangers more than they need.
    uvicorn.run(
        app, host=config.host, port=config.port, access_log=False, server_header=False, log_level="warning",
        timeout_keep_alive=30, h11_max_incomplete_event_size=16 * 1024, timeout_graceful_shutdown=10,
    )  # fmt: skip
