"""The search page, and the part of it that the palette shows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from augury.service.access import Reader
from augury.service.backend import TheBackend
from augury.web.reference import operations
from augury.web.rendering import fragment, page
from augury.web.searching import search

ROUTER = APIRouter()


@ROUTER.get("/search")
def found(
    request: Request, backend: TheBackend, caller: Reader, q: Annotated[str, Query(max_length=100)] = "",
    part: str = "",
) -> Response:  # fmt: skip
    """Show what a query names; with ``part=found`` only the list."""
    hits = search(backend, caller, q, operations(request.app.openapi()))
    if part == "found":
        return fragment("parts/found.html", hits=hits, query=q)
    return page(request, caller, "search.html", title="Search", hits=hits, query=q)
