"""``/v1/backtests``: let a rule meet the market, keep what came of it, compare."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from augury.runs.backtesting import BacktestRequest
from augury.service.access import Reader, Recorder
from augury.service.answers import backtests as answers
from augury.service.answers.backtests import BacktestAnswer, BacktestPage, Comparison, RuleAnswer
from augury.service.backend import TheBackend
from augury.service.problems import Problem, request_id_of
from augury.service.strict import Strict, StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["backtests"], route_class=StrictRoute)
_ID = "5f0c1a7be7a84f10a3f5a4bb3f0d9a11"
BacktestId = Annotated[str, Path(max_length=32, description="Its id.", examples=[_ID])]
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No such backtest"}}
_NO_BARS: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "No bars of a symbol"},
    409: {"model": Problem, "description": "The key was used for another request"},
}
Basis = Annotated[float, Field(ge=0, le=10_000, description="Basis points of the value traded.")]


class BacktestBody(Strict):
    """What is tried: a rule on bars of the lake, and what trading costs."""

    symbols: Annotated[
        list[Annotated[str, Field(max_length=24)]],
        Field(min_length=1, max_length=50, description="Symbols of the lake.", examples=[["^GSPC"]]),
    ]
    name: Annotated[str, Field(max_length=100, description="How you call it; default the rule.")] = ""
    timeframe: Annotated[str, Field(max_length=8, examples=["d1"])] = "d1"
    rule: Annotated[str, Field(max_length=40, description="Of ``GET /v1/backtests/rules``.")] = "reversal_5d"
    every: Annotated[
        int | None, Field(ge=1, le=1000, description="Bars between decisions; null is the rule's own.")
    ] = None
    side: Annotated[Literal["long_short", "long"], Field(description="The book of a rule.")] = "long_short"
    capital: Annotated[float, Field(gt=0, le=1e15, description="Cash on the first day.")] = 1_000_000.0
    commission_bps: Basis = 10.0
    commission_min: Annotated[float, Field(ge=0, le=1e9, description="Least commission of a trade, money.")] = 1.0
    slippage_bps: Basis = 5.0
    borrow_rate: Annotated[float, Field(ge=0, le=10, description="A year, on what is short; a fraction.")] = 0.02
    impact: Annotated[float, Field(ge=0, le=100, description="Of the square-root law; 0 is none.")] = 0.0
    margin: Annotated[float, Field(gt=0, le=1, description="Equity behind each unit of gross exposure.")] = 0.5
    fill: Annotated[Literal["open", "close"], Field(description="Of the next bar.")] = "open"
    fractional: Annotated[bool, Field(description="Allow parts of shares.")] = False
    prices: Annotated[Literal["close", "adj_close"], Field(description="adj_close: dividends reinvested.")] = "close"

    def request(self) -> BacktestRequest:
        """Return it as the run takes it."""
        same = {name: getattr(self, name) for name in BacktestRequest.__dataclass_fields__}
        return BacktestRequest(**same | {"symbols": tuple(self.symbols)})


@ROUTER.get("/backtests/rules", summary="The rules by name")
def list_rules(caller: Reader) -> list[RuleAnswer]:
    """Return the rules a backtest knows by name."""
    return answers.rules()


@ROUTER.post("/backtests", status_code=201, summary="Run a backtest", responses=_NO_BARS)
def run_backtest(
    request: Request, response: Response, backend: TheBackend, caller: Recorder, body: BacktestBody
) -> BacktestAnswer:
    """Decide at a close, fill at the next open, keep the ledger; it counts as a trial on its bars."""
    said = answers.run(backend, caller, body.name, body.request(), request_id_of(request))
    response.headers["Location"] = f"/v1/backtests/{said.id}"
    return said


@ROUTER.get("/backtests", summary="Backtests, the newest first")
def list_backtests(
    backend: TheBackend,
    caller: Reader,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=300, description="``next_cursor`` of the page before.")] = None,
) -> BacktestPage:
    """Return the backtests of the caller's tenant."""
    return answers.backtests(backend, caller, limit, cursor)


@ROUTER.get("/backtests/compare", summary="Backtests side by side", responses=_UNKNOWN)
def compare_backtests(
    backend: TheBackend,
    caller: Reader,
    id: Annotated[list[str], Query(min_length=2, max_length=6, description="Repeat it.", examples=[[_ID, "b" * 32]])],
) -> Comparison:
    """Return two to six backtests with the settings in which they differ."""
    return answers.compared(backend, caller, id)


@ROUTER.get("/backtests/{backtest_id}", summary="One backtest", responses=_UNKNOWN)
def get_backtest(backend: TheBackend, caller: Reader, backtest_id: BacktestId) -> BacktestAnswer:
    """Return the tear sheet of a backtest with its curve and newest trades."""
    return answers.backtest(backend, caller, backtest_id)
