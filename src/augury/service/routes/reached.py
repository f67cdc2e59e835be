"""``/v1/scores``: what versions reached on the forecasts they really made."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from augury.service.access import Reader
from augury.service.answers.reached import Reached, reached
from augury.service.backend import TheBackend
from augury.service.etags import TaggedRoute
from augury.service.paths import AnyFrame, AnySymbol

ROUTER = APIRouter(prefix="/v1", tags=["forecasts"], route_class=TaggedRoute)


@ROUTER.get("/scores", summary="What versions reached live")
def list_scores(
    backend: TheBackend,
    caller: Reader,
    symbol: AnySymbol = None,
    timeframe: AnyFrame = None,
    replays: Annotated[bool, Query(description="Those of bars whose outcome was known already, instead.")] = False,
) -> Reached:
    """Return accuracy and coverage of the matured forecasts of each cell and version, with baseline, n and interval."""
    return reached(backend, symbol, timeframe, replays)
