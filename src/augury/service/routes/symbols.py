"""``/v1/symbols``: what is known of each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from augury.service.access import Reader
from augury.service.answers.symbols import SymbolAnswer, SymbolPage, symbol, symbols
from augury.service.backend import TheBackend
from augury.service.etags import TaggedRoute
from augury.service.paths import UNKNOWN, Cursor, Symbol

ROUTER = APIRouter(prefix="/v1", tags=["symbols"], route_class=TaggedRoute)


@ROUTER.get("/symbols", summary="Symbols")
def list_symbols(
    backend: TheBackend,
    caller: Reader,
    search: Annotated[str | None, Query(min_length=1, max_length=24, examples=["GSPC"])] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    cursor: Cursor = None,
) -> SymbolPage:
    """Return the symbols with bars or a champion by name: last close, freshness, timeframes, versions that answer."""
    return symbols(backend, search, limit, cursor)


@ROUTER.get("/symbols/{name:path}", summary="One symbol", responses=UNKNOWN)
def get_symbol(backend: TheBackend, caller: Reader, name: Symbol) -> SymbolAnswer:
    """Return one symbol; write ``/`` in its name as ``%2F``."""
    return symbol(backend, name)
