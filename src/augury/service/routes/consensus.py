"""``/v1/consensus`` and ``/v1/asof``: what the timeframes say together, and what was said on a day."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from augury.service.access import Reader
from augury.service.answers.asof import AsOf, asof
from augury.service.answers.consensus import ConsensusPage, consensus
from augury.service.backend import TheBackend
from augury.service.etags import TaggedRoute
from augury.service.moments import Day
from augury.service.paths import AnyFrame, AnySpan, OneSymbol

ROUTER = APIRouter(prefix="/v1", tags=["consensus"], route_class=TaggedRoute)


@ROUTER.get("/consensus", summary="What the timeframes say together")
def get_consensus(backend: TheBackend, caller: Reader, symbol: OneSymbol, horizon: AnySpan = None) -> ConsensusPage:
    """Return the newest consensus of each horizon of a symbol, the shortest first; empty before the first."""
    return consensus(backend, symbol, horizon)


@ROUTER.get("/asof", summary="What was said on a day")
def get_asof(
    backend: TheBackend,
    caller: Reader,
    symbol: OneSymbol,
    day: Day,
    timeframe: AnyFrame = None,
    rebuild: Annotated[
        bool, Query(description="Ask each version again and compare the hashes; takes seconds.")
    ] = False,
) -> AsOf:
    """Return what was forecast on a day (UTC) or for it, by which version from which data, and what came."""
    return asof(backend, symbol, day, timeframe, rebuild=rebuild)
