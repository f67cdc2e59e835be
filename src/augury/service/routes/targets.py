"""``/v1/targets``: what should be, beside what is."""

from __future__ import annotations

from fastapi import APIRouter

from augury.service.access import Reader
from augury.service.answers.targets import Targets, targets
from augury.service.backend import TheBackend
from augury.service.strict import StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["health"], route_class=StrictRoute)


@ROUTER.get("/targets", summary="Targets and what is")
def list_targets(backend: TheBackend, caller: Reader) -> Targets:
    """Return forecasts written, hit rate, coverage, failed jobs, old champions and open alerts beside their targets."""
    return targets(backend, caller)
