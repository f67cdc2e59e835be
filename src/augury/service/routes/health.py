"""Is it well: ``/healthz`` (this process only), ``/readyz`` (everything it needs), ``/metrics``."""

from __future__ import annotations

from fastapi import APIRouter, Response

from augury.service.access import Operator
from augury.service.answers.health import Health, health
from augury.service.backend import TheBackend
from augury.service.strict import Answer, StrictRoute

ROUTER = APIRouter(tags=["health"], route_class=StrictRoute)


class Alive(Answer):
    """That this process answers."""

    status: str = "alive"


@ROUTER.get("/healthz", summary="Is this process alive")
@ROUTER.get("/api/health", name="alive_older", summary="Is this process alive (older address)")
async def alive() -> Alive:
    """Answer without asking the store: a held database leaves it alive."""
    return Alive()


@ROUTER.get("/readyz", summary="Can it do its work", responses={503: {"model": Health}})
def ready(backend: TheBackend, response: Response) -> Health:
    """Look at the store, the models and the worker; 503 when one of them is not well."""
    found = health(backend)
    response.status_code = 200 if found.ready else 503
    return found


@ROUTER.get("/metrics", summary="Counters for Prometheus", response_class=Response)
async def metrics(backend: TheBackend, caller: Operator) -> Response:
    """Write the counters of this process."""
    return Response(backend.metrics.text(), media_type="text/plain; version=0.0.4")
