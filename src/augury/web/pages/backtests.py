"""Backtests: run one, look at its sheet, hold some against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from augury.core.errors import AuguryError, UsageError
from augury.service.access import Reader, Recorder
from augury.service.accounts.caller import Caller
from augury.service.answers.backtests import BacktestAnswer, asked, backtest, backtests, compared, rules, run
from augury.service.backend import Backend, TheBackend
from augury.service.problems import request_id_of, status_of, without_places
from augury.web.drawing import curve_lines
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
_CURVE_ROWS = 60
LINES = (
    Column("name", "Backtest", link="href"),
    Column("symbols", "Symbols", "long"),
    Column("period", "Bars"),
    Column("total_return", "Net", "signed"),
    Column("benchmark_return", "Buy and hold", "signed"),
    Column("sharpe", "Sharpe a year", "number"),
    Column("sharpe_low", "95 % from", "number"),
    Column("sharpe_high", "to", "number"),
    Column("max_drawdown", "Deepest fall", "percent"),
    Column("verdict", "Verdict", "badge"),
    Column("beside_luck", "Beside luck", "long"),
    Column("made_at", "Run", "when"),
    Column("data_hash", "Data", "code"),
)
FIGURES = (
    Column("figure", "Figure"),
    Column("net", "Net of costs"),
    Column("gross", "Before costs"),
    Column("buy_and_hold", "Buy and hold"),
)
CURVE = (
    Column("ts", "Close of", "when"),
    Column("net", "Net of costs", "number", unit="from 1"),
    Column("benchmark", "Buy and hold", "number", unit="from 1"),
)
TRADES = (
    Column("ts", "When", "when"),
    Column("symbol", "Symbol"),
    Column("shares", "Shares", "number"),
    Column("price", "Price", "price"),
    Column("commission", "Commission", "number", unit="money"),
    Column("slippage", "Slippage", "number", unit="money"),
)
EMPTY = {
    "symbols": "", "rule": "reversal_5d", "timeframe": "d1", "side": "long_short", "every": "", "name": "",
    "commission_bps": "10", "slippage_bps": "5",
}  # fmt: skip


@ROUTER.get("/backtests")
def overview(
    request: Request, backend: TheBackend, caller: Reader, id: Annotated[list[str], Query()] = [],  # noqa: B006
) -> Response:  # fmt: skip
    """Show the backtests, or with two or more ``id`` those side by side."""
    return _side_by_side(request, backend, caller, id) if len(id) > 1 else _shown(request, backend, caller)


@ROUTER.post("/backtests")
def start(
    request: Request,
    backend: TheBackend,
    caller: Recorder,
    symbols: Annotated[str, Form(max_length=2000)],
    rule: Annotated[str, Form(max_length=40)],
    timeframe: Annotated[str, Form(max_length=8)] = "d1",
    side: Annotated[str, Form(max_length=12)] = "long_short",
    every: Annotated[str, Form(max_length=6)] = "",
    name: Annotated[str, Form(max_length=100)] = "",
    commission_bps: Annotated[str, Form(max_length=12)] = "10",
    slippage_bps: Annotated[str, Form(max_length=12)] = "5",
) -> Response:
    """Run a backtest and lead to its sheet, or show the form again with what is wrong."""
    given = {
        "symbols": symbols, "rule": rule, "timeframe": timeframe, "side": side, "every": every, "name": name,
        "commission_bps": commission_bps, "slippage_bps": slippage_bps,
    }  # fmt: skip
    try:
        wanted = asked(
            symbols.replace(",", " ").split(), rule=rule, timeframe=timeframe, side=side,
            every=int(_number("every", every)) if every.strip() else None,
            commission_bps=_number("commission", commission_bps), slippage_bps=_number("slippage", slippage_bps),
        )  # fmt: skip
        made = run(backend, caller, name.strip(), wanted, request_id_of(request))
    except AuguryError as error:
        return _shown(request, backend, caller, refused=error.message, given=given, status=status_of(error))
    return RedirectResponse(f"/backtests/{made.id}", 303)


@ROUTER.get("/backtests/{backtest_id}")
def one_backtest(request: Request, backend: TheBackend, caller: Reader, backtest_id: str) -> Response:
    """Show the sheet of a backtest."""
    found = backtest(backend, caller, backtest_id)
    rows = [point.model_dump() for point in found.curve]
    every = max(1, len(rows) // _CURVE_ROWS)
    tables = [
        Table("figures", f"Figures over {found.bars:,} bars until {found.as_of:%Y-%m-%d}", FIGURES, found.table),
        Table("curve", "Equity at every few closes", CURVE, rows[::every]),
        Table(
            "trades",
            "The newest trades",
            TRADES,
            [one.model_dump() for one in reversed(found.last_trades)],
            "Nothing was traded.",
        ),
    ]
    return page(
        request, caller, "backtest.html", title=f"Backtest {found.name} {found.id[:8]}",
        heading=f"Backtest: {found.name}", tables=tables, one=found, lines=_lines([found]),
    )  # fmt: skip


def _shown(
    request: Request, backend: Backend, caller: Caller, *, refused: str = "", given: dict[str, str] | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    rows = [_row(one.model_dump()) for one in backtests(backend, caller, limit=100).backtests]
    table = Table("backtests", "Backtests, the newest first", LINES, rows, "No backtest yet: run one above.")
    return page(
        request, caller, "backtests.html", title="Backtests", status=status, tables=[table],
        refused=without_places(backend, refused), given=given or EMPTY, rules=rules(),
        may="record" in caller.scopes, choices=rows[:20],
    )  # fmt: skip


def _side_by_side(request: Request, backend: Backend, caller: Caller, ids: Sequence[str]) -> Response:
    found = compared(backend, caller, ids)
    rows = [_row(one.model_dump()) for one in found.backtests]
    columns = (Column("setting", "Setting"), *(Column(one.id, one.name, "long") for one in found.backtests))
    differs = [
        {"setting": name} | {one.id: str(value) for one, value in zip(found.backtests, values, strict=True)}
        for name, values in found.differs.items()
    ]
    tables = [
        Table("backtests", "Side by side", LINES, rows),
        Table("differs", "Where their settings differ", columns, differs, "In nothing: the settings are the same."),
    ]
    return page(
        request, caller, "backtests_compared.html", title="Backtests compared", tables=tables,
        same_data=found.same_data, lines=_lines(found.backtests),
    )  # fmt: skip


def _row(one: dict[str, Any]) -> dict[str, Any]:
    period = f"{one['bars']:,} {one['settings'].get('timeframe', '')} until {one['as_of']:%Y-%m-%d}"
    return one | {
        "href": f"/backtests/{one['id']}", "symbols": ", ".join(one["settings"].get("symbols", [])), "period": period,
        "data_hash": (one["data_hash"] or "")[:12],
    }  # fmt: skip


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{name} '{text}' is no number") from None


def _lines(found: Sequence[BacktestAnswer]) -> list[dict[str, str]]:
    """Points of each curve, the market the first of them was held against last."""
    curves = [(one.name, [point.net for point in one.curve]) for one in found]
    if found:
        curves.append(("buy and hold", [point.benchmark for point in found[0].curve]))
    return curve_lines([(name, curve, f"{curve[-1]:.2f}") for name, curve in curves])
