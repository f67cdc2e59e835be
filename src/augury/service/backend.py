"""The backend: what every route works with, opened once and passed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request

from augury.runs.workspace import Workspace
from augury.service.accounts.doorkeeper import Doorkeeper
from augury.service.accounts.limits import Limits
from augury.service.accounts.meter import Meter
from augury.service.config import ServiceConfig
from augury.service.metrics import Metrics


@dataclass(frozen=True)
class Backend:
    """What every route works with.

    Parameters
    ----------
    workspace : Workspace
        Settings, lake and store.
    config : ServiceConfig
    doorkeeper : Doorkeeper
        Knows whose a key or a session is.
    limits : Limits
    meter : Meter
        Writes down every call.
    metrics : Metrics
    parts : dict
        What a route file keeps between requests (loaded versions, caches …), by its name.
    """

    workspace: Workspace
    config: ServiceConfig
    doorkeeper: Doorkeeper
    limits: Limits
    meter: Meter
    metrics: Metrics
    parts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, workspace: Workspace, config: ServiceConfig | None = None) -> Backend:
        """Put the parts together."""
        config = config or ServiceConfig()
        store = workspace.store
        meter = Meter(store)
        limits = Limits.open(config.redis_url, store.usage, meter.warn)
        return cls(workspace, config, Doorkeeper(store), limits, meter, Metrics.new())

    def close(self) -> None:
        """Write what is not written yet."""
        self.meter.close()


def backend_of(request: Request) -> Backend:
    """Return the backend of the application that answers a request."""
    backend: Backend = request.app.state.backend
    return backend


async def _backend(request: Request) -> Backend:  # async: a plain function would take a thread of the pool each time
    return backend_of(request)


TheBackend = Annotated[Backend, Depends(_backend)]
"""What a route declares to get the backend."""
