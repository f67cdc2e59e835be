"""``POST /v1/forecasts``: a forecast made now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Header, Request

from augury.service.access import Predictor, check_scope
from augury.service.answers.live import ForecastBody, LiveForecast, forecast_now
from augury.service.backend import TheBackend
from augury.service.strict import StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["forecasts"], route_class=StrictRoute)
_EXAMPLES = {
    "as it is": {"value": {"symbol": "^GSPC", "timeframe": "d1", "horizons": ["5d"]}},
    "as orders": {
        "value": {
            "symbol": "^GSPC", "timeframe": "d1", "days_on_chart": 30, "smoothing": "ema",
            "confidence_floors": {"buy": 0.45, "sell": 0.5}, "trade_share_floor": 0.05,
            "fusion": {"mode": "weighted", "scale": 10.0}, "risk_profile": "conservative", "dry_run": True,
        }
    },
}  # fmt: skip


@ROUTER.post("/forecasts", summary="Forecast now")
def make_forecast(
    request: Request,
    backend: TheBackend,
    caller: Predictor,
    body: Annotated[ForecastBody, Body(openapi_examples=_EXAMPLES)],
    cache_control: Annotated[str, Header(max_length=64, description="no-cache: predict again.")] = "",
) -> LiveForecast:
    """Forecast a symbol from the versions that answer for it, and write the rows to the ledger.

    Asked twice of the same bars, what was predicted is taken from memory, as exact as it was; a new bar or a
    promotion makes it be computed again, and so does `Cache-Control: no-cache`. With `dry_run` nothing is
    written, and a sandbox key may ask for nothing else. Horizons without a champion are listed in `refused`;
    when none is left the answer is their problem. While an A/B test asks about a horizon, the caller gets the
    version that was drawn for them, named in `metadata.tests`.
    """
    if not body.dry_run:
        check_scope(caller, "record")
    found = forecast_now(backend, body, reader=caller.reader, anew="no-cache" in cache_control)
    request.scope["augury.units"] = len(found.forecasts)
    return found
