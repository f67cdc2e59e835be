"""``/v1/data``: whether the data are up to date and whole, and where they came from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from augury.service.access import Reader
from augury.service.answers.data import ChecksAnswer, DataHealth, LineageAnswer, checks, data, lineage
from augury.service.backend import TheBackend
from augury.service.etags import TaggedRoute
from augury.service.paths import UNKNOWN, OneSymbol

ROUTER = APIRouter(prefix="/v1", tags=["data"], route_class=TaggedRoute)


@ROUTER.get("/data", summary="Health of the data")
def list_data(backend: TheBackend, caller: Reader) -> DataHealth:
    """Return every stored series: how far behind, how many bars missing, whether it still moves."""
    return data(backend)


@ROUTER.get("/data/checks", summary="Every check on a series", responses=UNKNOWN)
def list_checks(
    backend: TheBackend,
    caller: Reader,
    symbol: OneSymbol,
    timeframe: Annotated[str, Query(min_length=1, max_length=8, examples=["d1"])] = "d1",
) -> ChecksAnswer:
    """Return what every check finds on a stored series, each finding with its code, its place and what to do."""
    return checks(backend, symbol, timeframe)


@ROUTER.get("/data/lineage/{data_hash}", summary="Where data came from", responses=UNKNOWN)
def get_lineage(
    backend: TheBackend,
    caller: Reader,
    data_hash: Annotated[str, Path(pattern="^[0-9a-f]{6,64}$", examples=["3f2a9c"])],
) -> LineageAnswer:
    """Return how data were made, step by step, back to the files they came from."""
    return lineage(backend, data_hash)
