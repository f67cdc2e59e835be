"""``/v1/forecasts``: the ledger."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from augury.service.access import Reader
from augury.service.answers.forecasts import ForecastPage, forecasts
from augury.service.backend import TheBackend
from augury.service.strict import StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["forecasts"], route_class=StrictRoute)


@ROUTER.get("/forecasts", summary="What was forecast")
def list_forecasts(
    backend: TheBackend,
    caller: Reader,
    symbol: Annotated[str | None, Query(max_length=24, examples=["^GSPC"])] = None,
    timeframe: Annotated[str | None, Query(max_length=8, examples=["d1"])] = None,
    horizon: Annotated[str | None, Query(max_length=8, examples=["5d"])] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> ForecastPage:
    """Return rows of the ledger, the last written first."""
    return forecasts(backend, symbol, timeframe, horizon, limit)
