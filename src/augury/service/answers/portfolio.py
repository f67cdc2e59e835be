"""What a person holds on paper, valued by the cash ledger that backtests use."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from augury.core.bars import check_symbol
from augury.core.errors import NotFound, UsageError
from augury.runs.forecasts.paper import TIMEFRAME, PaperBook, last_close, paper_book
from augury.service.accounts.caller import Caller
from augury.service.accounts.person import person_of
from augury.service.backend import Backend
from augury.service.strict import Answer

POSITIONS_MAX: Final = 1000


class HoldingAnswer(Answer):
    """What is held of a symbol; money in the currency of its bars."""

    symbol: str
    shares: float
    average_price: float
    close: float
    marked_at: datetime
    value: float
    unrealised: float


class PositionAnswer(Answer):
    """One decision: ``pending`` until the bar it fills at has closed, then ``open``, ``ending``, ``ended``."""

    id: str
    symbol: str
    quantity: float
    state: str
    decision_price: float
    opened_at: datetime
    closed_at: datetime | None
    forecast_id: int | None


class EquityPoint(Answer):
    """Equity after a close."""

    time: datetime
    equity: float


class PortfolioAnswer(Answer):
    """An account at a moment; money in the currency of the bars, profit after all costs."""

    at: datetime
    capital: float
    equity: float
    cash: float
    gross: float
    net: float
    profit: float
    costs: float
    holdings: list[HoldingAnswer]
    positions: list[PositionAnswer]
    curve: list[EquityPoint]


def portfolio(backend: Backend, caller: Caller, at: datetime | None = None) -> PortfolioAnswer:
    """Value the account of the person who asks, as of now or of a moment before."""
    positions = backend.workspace.store.positions.list(person_of(caller))
    return _answer(paper_book(backend.workspace, positions, at=at))


def open_position(
    backend: Backend, caller: Caller, symbol: str, quantity: float, forecast_id: int | None = None
) -> PortfolioAnswer:
    """Decide to hold; it fills at the next bar's open.

    Raises
    ------
    NotFound
        No daily bars of the symbol, or no such forecast of it.
    UsageError
        A quantity of 0, or the account is full.
    """
    store, user_id = backend.workspace.store, person_of(caller)
    if not quantity:
        raise UsageError("quantity=0 holds nothing: above 0 buys, below 0 sells short")
    if len(store.positions.list(user_id)) >= POSITIONS_MAX:
        raise UsageError(f"an account holds {POSITIONS_MAX} positions")
    if forecast_id is not None and forecast_id not in {row.id for row in store.ledger.list(symbol, limit=1000)}:
        raise NotFound(f"no forecast {forecast_id} of {symbol}", fix=f"augury forecasts list --symbol {symbol}")
    _, price = last_close(backend.workspace, check_symbol(symbol))
    store.positions.open(user_id, caller.tenant_id, symbol, str(TIMEFRAME), quantity, price, forecast_id)
    return portfolio(backend, caller)


def close_position(backend: Backend, caller: Caller, position_id: str) -> PortfolioAnswer:
    """Decide to end a position; it fills at the next bar's open."""
    store, user_id = backend.workspace.store, person_of(caller)
    position = store.positions.get(position_id, user_id)
    _, price = last_close(backend.workspace, position.symbol)
    store.positions.close(position_id, user_id, price)
    return portfolio(backend, caller)


def _answer(book: PaperBook) -> PortfolioAnswer:
    money = {
        name: getattr(book, name) for name in ("at", "capital", "equity", "cash", "gross", "net", "profit", "costs")
    }
    holdings = [
        HoldingAnswer(**{name: getattr(one, name) for name in HoldingAnswer.model_fields}) for one in book.holdings
    ]
    same = ("id", "symbol", "quantity", "opened_at", "closed_at", "forecast_id")
    positions = [
        PositionAnswer(
            state=one.state, decision_price=one.position.entry_price,
            **{name: getattr(one.position, name) for name in same},
        )
        for one in book.decisions
    ]  # fmt: skip
    curve = [EquityPoint(time=time, equity=equity) for time, equity in book.curve]
    return PortfolioAnswer(**money, holdings=holdings, positions=positions, curve=curve)
