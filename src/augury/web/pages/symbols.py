"""Symbols: which there are, how fresh they are, and what was last said of each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from augury.service.access import Reader
from augury.service.answers.symbols import SymbolAnswer, symbols
from augury.service.backend import TheBackend
from augury.web.columns import Row, symbol_href
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
COLUMNS = (
    Column("symbol", "Symbol", link="href"),
    Column("last_close", "Last close", "price"),
    Column("change", "Last bar", "signed"),
    Column("last", "Last bar", "bar"),
    Column("timeframes", "Bars"),
    Column("rows", "Stored", "count"),
    Column("freshness", "Data", "badge"),
    Column("answering", "Versions that answer", "count", term="champion"),
    Column("provider", "From"),
    Column("synthetic", "Market"),
)


@ROUTER.get("/symbols")
def symbol_list(
    request: Request,
    backend: TheBackend,
    caller: Reader,
    q: Annotated[str, Query(max_length=24)] = "",
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """Show the symbols whose name holds ``q``."""
    found = symbols(backend, q or None, cursor=cursor)
    shown = Table(
        "symbols", "Symbols with bars or a version that answers", COLUMNS, [_row(one) for one in found.symbols],
        f"No symbol has '{q}' in its name." if q else "No bars are stored yet.",
        "" if q else "augury data import --provider sample",
    )  # fmt: skip
    return page(request, caller, "symbols.html", title="Symbols", tables=[shown], q=q, next=found.next)


def _row(one: SymbolAnswer) -> Row:
    newest = max(one.series, key=lambda row: row.last, default=None)
    return {
        "symbol": one.symbol, "href": symbol_href(one.symbol), "freshness": one.freshness,
        "timeframes": ", ".join(row.timeframe for row in one.series), "rows": sum(row.rows for row in one.series),
        "last": newest and newest.last, "last_close": newest and newest.last_close, "change": newest and newest.change,
        "answering": len(one.champions), "synthetic": "synthetic" if one.synthetic else "real",
        "provider": newest.provider if newest else None,
    }  # fmt: skip
