"""``/v1/forecasts``: what the ledger holds, with what became of it, and the views of one symbol."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from augury.service.access import Reader
from augury.service.answers.forecasts import ForecastAnswer, ForecastPage, Scope, forecast, forecasts
from augury.service.answers.views import View, Views, forecast_views
from augury.service.backend import TheBackend
from augury.service.etags import TaggedRoute
from augury.service.moments import Moment

ROUTER = APIRouter(prefix="/v1", tags=["forecasts"], route_class=TaggedRoute)
Symbol = Annotated[str, Query(min_length=1, max_length=24, examples=["^GSPC"])]
Since = Annotated[Moment | None, Query(description="First moment it was made at.")]
Until = Annotated[Moment | None, Query(description="Moment it was made before.")]


@ROUTER.get("/forecasts", summary="What was forecast")
def list_forecasts(
    backend: TheBackend,
    caller: Reader,
    symbol: Annotated[str | None, Query(max_length=24, examples=["^GSPC"])] = None,
    timeframe: Annotated[str | None, Query(max_length=8, examples=["d1"])] = None,
    horizon: Annotated[str | None, Query(max_length=8, examples=["5d"])] = None,
    version: Annotated[str | None, Query(max_length=64, examples=["20261121T105800Z-1a2b3c"])] = None,
    since: Since = None,
    until: Until = None,
    view: Annotated[Scope, Query(description="latest: only the newest of each symbol, timeframe, horizon.")] = "ledger",
    cursor: Annotated[str | None, Query(max_length=300, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> ForecastPage:
    """Return rows of the ledger, the last written first; ``outcome`` is null until the forecast was scored."""
    return forecasts(
        backend, symbol, timeframe, horizon, limit, version=version, since=since, until=until, view=view, cursor=cursor
    )


@ROUTER.get("/forecasts/views/{view}", summary="One symbol by timeframe, by horizon or as consensus")
def view_forecasts(backend: TheBackend, caller: Reader, view: View, symbol: Symbol) -> Views:
    """Return the newest forecasts of a symbol, arranged; hand-off, agreement and n_eff as the last consensus said."""
    return forecast_views(backend, symbol, view)


@ROUTER.get("/forecasts/{forecast_id}", summary="One forecast")
def get_forecast(
    backend: TheBackend, caller: Reader, forecast_id: Annotated[int, Path(ge=1, le=2**62, examples=[1])]
) -> ForecastAnswer:
    """Return one row of the ledger and what became of it."""
    return forecast(backend, forecast_id)
