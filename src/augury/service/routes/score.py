"""``POST /v1/models/…/score``: rows of features in, probabilities out; MLflow's scoring request works as it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request

from augury.service.access import Predictor
from augury.service.answers.score import ScoreBody, Scores, score
from augury.service.backend import TheBackend
from augury.service.paths import CELL, UNKNOWN, Frame, Span, Symbol
from augury.service.strict import StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["predict"], route_class=StrictRoute)
_SPLIT = {"columns": ["returns", "rsi_14"], "data": [[0.004, 55.2]]}
_EXAMPLES = {
    "names once": {"value": {"dataframe_split": _SPLIT}},
    "names in every row": {"value": {"dataframe_records": [{"returns": 0.004, "rsi_14": 55.2}]}},
}


@ROUTER.post(f"/models{CELL}/score", summary="Score rows of features", responses=UNKNOWN)
async def score_rows(
    request: Request,
    backend: TheBackend,
    caller: Predictor,
    symbol: Symbol,
    timeframe: Frame,
    horizon: Span,
    body: Annotated[ScoreBody, Body(openapi_examples=_EXAMPLES)],
    version: Annotated[str, Query(min_length=1, max_length=40, examples=["20261121T105800Z-1a2b3c"])] = "@champion",
) -> Scores:
    """Ask a version about 1 to 1,000 rows of features that you computed.

    The body is what MLflow's `/invocations` takes: `dataframe_split` or `dataframe_records`. Columns are found by
    their names, in any order; one that is missing or unknown is refused and named, never guessed by its place.
    Nothing is written to the ledger: a forecast knows its bars, a row does not (`POST /v1/forecasts`).
    """
    found = await score(backend, symbol, timeframe, horizon, version, body)
    request.scope["augury.units"] = len(found.predictions)
    return found
