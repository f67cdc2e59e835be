"""``/v1/bars``: stored prices."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from augury.service.access import Reader
from augury.service.answers.bars import LIMIT_MAX, BarPage, bars
from augury.service.backend import TheBackend
from augury.service.etags import TaggedRoute
from augury.service.moments import Moment
from augury.service.paths import UNKNOWN, Cursor, OneSymbol

ROUTER = APIRouter(prefix="/v1", tags=["bars"], route_class=TaggedRoute)


@ROUTER.get("/bars", summary="Bars", responses=UNKNOWN)
def list_bars(
    backend: TheBackend,
    caller: Reader,
    symbol: OneSymbol,
    timeframe: Annotated[str, Query(min_length=1, max_length=8, examples=["d1"])] = "d1",
    since: Annotated[Moment | None, Query(alias="from", description="First open.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Last open.")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 1000,
    points: Annotated[
        int | None, Query(ge=1, le=LIMIT_MAX, description="Merge the stretch into at most so many.")
    ] = None,
    cursor: Cursor = None,
) -> BarPage:
    """Return the newest bars of a stretch in order of time; ``next`` leads to older ones, ``points`` merges them all.

    With ``points`` there is one page: ``limit`` and ``cursor`` do not go with it.
    """
    return bars(backend, symbol, timeframe, since, until, limit, points, cursor)
