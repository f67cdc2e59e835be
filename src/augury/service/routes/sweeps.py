"""``/v1/sweeps``: how far each search of settings is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from augury.service.access import Reader
from augury.service.answers import sweeps as answers
from augury.service.answers.sweeps import SweepAnswer, SweepPage
from augury.service.backend import TheBackend
from augury.service.problems import Problem
from augury.service.strict import StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["sweeps"], route_class=StrictRoute)
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No such study"}}


@ROUTER.get("/sweeps", summary="Searches of settings")
def list_sweeps(backend: TheBackend, caller: Reader) -> SweepPage:
    """Return the studies with their best trial."""
    return answers.sweeps(backend)


@ROUTER.get("/sweeps/{study}", summary="One search of settings", responses=_UNKNOWN)
def get_sweep(
    backend: TheBackend,
    caller: Reader,
    study: Annotated[str, Path(max_length=100, examples=["lgbm-GSPC-d1-5d"])],
    trials: Annotated[int, Query(ge=0, le=100_000, description="Trials it shall have, for the time left.")] = 0,
) -> SweepAnswer:
    """Return how far a study is, also one that another process runs."""
    return answers.sweep(backend, study, trials)
