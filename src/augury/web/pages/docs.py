"""The reference: the API's operations, the codes of its refusals, and the words of the field."""

from __future__ import annotations

from itertools import groupby

from fastapi import APIRouter, Request
from fastapi.responses import Response

from augury.core.errors import NotFound
from augury.service.access import Reader
from augury.web.reference import codes, operations
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
_CODES = (
    Column("code", "Code", "code"), Column("status", "Status", "count"), Column("says", "What it says", "long"),
    Column("helps", "What helps", "long"),
)  # fmt: skip


@ROUTER.get("/docs/api")
def index(request: Request, caller: Reader) -> Response:
    """List every operation."""
    listed = operations(request.app.openapi())
    groups = [(tag, list(members)) for tag, members in groupby(listed, key=lambda one: one.tag)]
    return page(request, caller, "docs_index.html", title="API reference", groups=groups)


@ROUTER.get("/docs/api/{tag}")
def group(request: Request, caller: Reader, tag: str) -> Response:
    """Show the operations of one noun."""
    listed = [one for one in operations(request.app.openapi()) if one.tag == tag]
    if not listed:
        raise NotFound(f"no operations are called {tag[:40]}", fix="/docs/api")
    return page(request, caller, "docs_group.html", title=f"API: {tag}", operations=listed, tag=tag)


@ROUTER.get("/docs/errors")
def refusals(request: Request, caller: Reader) -> Response:
    """List every code a refusal can carry."""
    rows = [{name: getattr(code, name) for name in ("code", "status", "says", "helps")} for code in codes()]
    shown = Table("codes", "Every code a refusal can carry", _CODES, rows)
    return page(request, caller, "docs_errors.html", title="Errors", tables=[shown], codes=codes())


@ROUTER.get("/docs/words")
def words(request: Request, caller: Reader) -> Response:
    """List the words of the field."""
    return page(request, caller, "docs_words.html", title="Words")
