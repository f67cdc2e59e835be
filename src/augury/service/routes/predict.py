"""``/v1/predict`` and its older addresses: windows of 105 bars are classified."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Request

from augury.service.access import Predictor
from augury.service.answers.predict import WindowAnswers, WindowsBody, predict
from augury.service.backend import TheBackend
from augury.service.strict import StrictRoute

ROUTER = APIRouter(tags=["predict"], route_class=StrictRoute)
_WINDOW: Final = [[100.0, 101.0, 99.5, 100.5]] * 105
_EXAMPLE: Final[dict[str, Any]] = {"one window of 105 bars": {"value": {"data": [_WINDOW]}}}


@ROUTER.post("/v1/predict", summary="Classify windows")
@ROUTER.post("/predict", summary="Classify windows (older address)", operation_id="predict_older")
@ROUTER.post("/predict/batch", summary="Classify up to 100 windows (older address)", operation_id="predict_batch")
@ROUTER.post("/api/predict", summary="Classify windows (older address)", operation_id="predict_api")
def predict_windows(
    request: Request,
    backend: TheBackend,
    caller: Predictor,
    body: Annotated[WindowsBody, Body(openapi_examples=_EXAMPLE)],
) -> WindowAnswers:
    """Classify 1 to 100 windows of 105 bars (open, high, low, close, the oldest first) with the published model.

    Prices are finite and above 0, the high the highest and the low the lowest of a bar. A shorter window is
    refused as `insufficient_history`; without a published model the answer is 503 and names what trains one.
    """
    request.scope["augury.units"] = max(1, len(body.data))
    return predict(backend, body)
