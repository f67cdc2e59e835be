"""``/v1/drift``: is what is served still as good as its versions promised?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from augury.service.access import Reader
from augury.service.answers.drift import DriftPage, FeatureDriftPage, drift, feature_drift
from augury.service.backend import TheBackend
from augury.service.etags import TaggedRoute
from augury.service.paths import AnyFrame, AnySymbol, OneSymbol

ROUTER = APIRouter(prefix="/v1", tags=["drift"], route_class=TaggedRoute)


@ROUTER.get("/drift", summary="Checks of the last days")
def list_drift(
    backend: TheBackend,
    caller: Reader,
    symbol: AnySymbol = None,
    timeframe: AnyFrame = None,
    days: Annotated[int, Query(ge=1, le=366, description="Looked back, today included.")] = 30,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> DriftPage:
    """Return the stored checks, the newest first, each with its interval and n, and what is recommended a cell."""
    return drift(backend, symbol, timeframe, days, limit)


@ROUTER.get("/drift/features", summary="How far features moved")
def list_feature_drift(
    backend: TheBackend,
    caller: Reader,
    symbol: OneSymbol,
    timeframe: Annotated[str, Query(min_length=1, max_length=8, examples=["d1"])] = "d1",
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> FeatureDriftPage:
    """Return how far each feature moved at the newest check that looked (`augury drift check --deep`)."""
    return feature_drift(backend, symbol, timeframe, limit)
