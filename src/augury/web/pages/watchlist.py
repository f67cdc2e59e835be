"""Watchlist: what a person watches beside the newest forecast of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from augury.core.bars import check_symbol
from augury.service.access import Reader
from augury.service.answers.watchlist import watch, watched_forecasts
from augury.service.backend import TheBackend
from augury.web.columns import symbol_href
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
COLUMNS = (
    Column("symbol", "Symbol", link="href"),
    Column("note", "Note", "long"),
    Column("label", "Says", "label"),
    Column("horizon", "Horizon", term="horizon"),
    Column("expected_return", "Expected", "signed"),
    Column("confidence", "Confidence", "percent", term="confidence"),
    Column("current_price", "Price then", "price"),
    Column("made_at", "Made", "when"),
    Column("version", "Version", "code", term="version"),
)


@ROUTER.get("/watchlist")
def watching(request: Request, backend: TheBackend, caller: Reader) -> Response:
    """Show the list; its script keeps edits made offline and merges them later."""
    items = watched_forecasts(backend, caller)
    rows = [item.model_dump() | {"href": symbol_href(item.symbol)} for item in items]
    caption = "What I watch, with the newest forecast of each"
    shown = Table("watchlist", caption, COLUMNS, rows, "Nothing is watched yet: add a symbol below.")
    return page(request, caller, "watchlist.html", title="Watchlist", tables=[shown], items=items)


@ROUTER.post("/watchlist")
def write(
    backend: TheBackend, caller: Reader, symbol: Annotated[str, Form(max_length=24)],
    note: Annotated[str | None, Form(max_length=500)] = None, position: Annotated[float | None, Form()] = None,
    remove: Annotated[bool, Form()] = False,
) -> Response:  # fmt: skip
    """Add a symbol, change its note or place, or take it off."""
    fields: dict[str, str | float | bool] = {"removed": remove}
    fields |= {name: value for name, value in (("note", note), ("position", position)) if value is not None}
    watch(backend, caller, check_symbol(symbol.strip()), **fields)
    return RedirectResponse("/watchlist", 303)
