"""Portfolio: paper positions, valued by the cash ledger of backtests at a shown moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from augury.core.bars import check_symbol
from augury.core.errors import UsageError
from augury.service.access import Reader, Recorder
from augury.service.answers.portfolio import PortfolioAnswer, close_position, open_position, portfolio
from augury.service.backend import TheBackend
from augury.web.columns import symbol_href
from augury.web.drawing import curve_lines
from augury.web.rendering import page
from augury.web.tables import Column, Table
from augury.web.values import price

ROUTER = APIRouter()
HOLDINGS = (
    Column("symbol", "Symbol", link="href"),
    Column("shares", "Shares", "number"),
    Column("average_price", "Paid", "price"),
    Column("close", "Last close", "price"),
    Column("marked_at", "Marked", "when"),
    Column("value", "Value", "price"),
    Column("unrealised", "Unrealised", "price"),
)
DECISIONS = (
    Column("symbol", "Symbol", link="href"),
    Column("quantity", "Shares", "number"),
    Column("state", "State", "badge"),
    Column("decision_price", "Close when decided", "price"),
    Column("opened_at", "Decided", "when"),
    Column("closed_at", "Ended", "when"),
    Column("forecast_id", "Forecast", "count"),
)
CURVE = (Column("time", "Bar", "when"), Column("equity", "Equity", "price"))


@ROUTER.get("/portfolio")
def account(request: Request, backend: TheBackend, caller: Reader, at: str = "") -> Response:
    """Show the account as of now, or of the moment in the address."""
    found = portfolio(backend, caller, _moment(at))
    tables = _tables(found)
    openable = [one for one in found.positions if one.closed_at is None]
    return page(
        request, caller, "portfolio.html", title="Portfolio", tables=tables, book=found, at=at, openable=openable,
        may="record" in caller.scopes, lines=_lines(found),
    )  # fmt: skip


@ROUTER.post("/portfolio")
def hold(
    backend: TheBackend, caller: Recorder, symbol: Annotated[str, Form(max_length=24)],
    quantity: Annotated[float, Form(ge=-1e9, le=1e9)], forecast_id: Annotated[int | None, Form(ge=1)] = None,
) -> Response:  # fmt: skip
    """Decide to hold."""
    open_position(backend, caller, check_symbol(symbol.strip()), quantity, forecast_id)
    return RedirectResponse("/portfolio", 303)


@ROUTER.post("/portfolio/end")
def end(backend: TheBackend, caller: Recorder, position: Annotated[str, Form(pattern="^[0-9a-f]{32}$")]) -> Response:
    """Decide to end a position."""
    close_position(backend, caller, position)
    return RedirectResponse("/portfolio", 303)


def _moment(at: str) -> datetime | None:
    if not at:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise UsageError(f"at={at} is no moment: write 2026-11-20 or 2026-11-20T22:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _tables(found: PortfolioAnswer) -> list[Table]:
    holdings = [one.model_dump() | {"href": symbol_href(one.symbol)} for one in found.holdings]
    decisions = [one.model_dump() | {"href": symbol_href(one.symbol)} for one in reversed(found.positions)]
    curve = [point.model_dump() for point in found.curve]
    return [
        Table("holdings", "Held", HOLDINGS, holdings, "Nothing is held."),
        Table("decisions", "Decided", DECISIONS, decisions, "Nothing was decided yet: decide on a symbol."),
        Table("curve", "Equity after each close", CURVE, curve, "No bar has closed since the first decision."),
    ]


def _lines(found: PortfolioAnswer) -> list[dict[str, str]]:
    """The account's equity beside what it began with; nothing before its first bar."""
    equity = [point.equity for point in found.curve]
    if len(equity) < 2:
        return []
    begun = [found.capital] * len(equity)
    return curve_lines([("equity", equity, price(equity[-1])), ("at the start", begun, price(found.capital))])
