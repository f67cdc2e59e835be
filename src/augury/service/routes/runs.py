"""``/v1/runs`` and ``/v1/experiments``: what was trained and tried."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from augury.service.access import Operator, Reader
from augury.service.answers import runs as answers
from augury.service.answers.runs import ExperimentComparison, ExperimentPage, RunAnswer, RunPage
from augury.service.backend import TheBackend
from augury.service.problems import Problem
from augury.service.strict import StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["runs"], route_class=StrictRoute)
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "There is none of that id"}}
Experiment = Annotated[str, Query(max_length=200, description="Its id, or how it begins.", examples=["train-2026"])]


@ROUTER.get("/runs", summary="Attempts to train, the last first")
def list_runs(
    backend: TheBackend,
    caller: Reader,
    symbol: Annotated[str | None, Query(max_length=24, examples=["^GSPC"])] = None,
    timeframe: Annotated[str | None, Query(max_length=8, examples=["d1"])] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=300, description="``next_cursor`` of the page before.")] = None,
) -> RunPage:
    """Return attempts to train with what they scored; those that failed, too."""
    return answers.runs(backend, symbol, timeframe, limit, cursor)


@ROUTER.get("/runs/{run_id}", summary="One attempt to train", responses=_UNKNOWN)
def get_run(backend: TheBackend, caller: Reader, run_id: Annotated[int, Path(ge=1, le=2**31 - 1)]) -> RunAnswer:
    """Return one attempt to train."""
    return answers.run(backend, run_id)


@ROUTER.get("/experiments", summary="Tracked experiments")
def list_experiments(backend: TheBackend, caller: Operator) -> ExperimentPage:
    """Return the tracked experiments of the installation, the oldest first."""
    return answers.tracked(backend)


@ROUTER.get("/experiments/compare", summary="Two experiments side by side", responses=_UNKNOWN)
def compare_experiments(
    backend: TheBackend,
    caller: Operator,
    a: Experiment,
    b: Experiment,
    varies: Annotated[str | None, Query(max_length=100, description="The setting that is tested.")] = None,
) -> ExperimentComparison:
    """Compare two experiments that were measured on the same rows."""
    return answers.compare(backend, a, b, varies)
