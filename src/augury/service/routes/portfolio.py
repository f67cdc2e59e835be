"""``/v1/portfolio``: what a person holds on paper."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from augury.service.access import Reader, Recorder
from augury.service.answers.portfolio import PortfolioAnswer, close_position, open_position, portfolio
from augury.service.backend import TheBackend
from augury.service.moments import Moment
from augury.service.paths import UNKNOWN
from augury.service.strict import Strict, StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["portfolio"], route_class=StrictRoute)


class Wish(Strict):
    """A decision to hold."""

    symbol: str = Field(max_length=24, pattern=r"^[A-Za-z0-9.^=_/-]+$", examples=["^GSPC"])
    quantity: float = Field(ge=-1e9, le=1e9, examples=[10], description="Shares; below 0 sells short.")
    forecast_id: int | None = Field(default=None, ge=1, le=2**31 - 1, description="The row it came from.")


@ROUTER.get("/portfolio", summary="What I hold on paper")
def read_portfolio(
    backend: TheBackend, caller: Reader,
    at: Annotated[Moment | None, Query(description="As of then.")] = None,
) -> PortfolioAnswer:  # fmt: skip
    """Value the account by the cash ledger of backtests: fills at the next open, marked at the last close."""
    return portfolio(backend, caller, at)


@ROUTER.post("/portfolio/positions", summary="Decide to hold", status_code=201, responses=UNKNOWN)
def hold(backend: TheBackend, caller: Recorder, body: Wish) -> PortfolioAnswer:
    """Write a decision down; it fills at the next bar's open."""
    return open_position(backend, caller, body.symbol, body.quantity, body.forecast_id)


@ROUTER.delete("/portfolio/positions/{position_id}", summary="Decide to end a position")
def end(
    backend: TheBackend, caller: Recorder,
    position_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=["0" * 32])],
) -> PortfolioAnswer:  # fmt: skip
    """Write the end down; it fills at the next bar's open."""
    return close_position(backend, caller, position_id)
