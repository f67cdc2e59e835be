"""Backtests: a rule met the market, with every cost; kept, shown and compared."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from augury.core.bars import check_symbol
from augury.core.errors import LimitReached, UsageError
from augury.core.timeframe import Timeframe
from augury.portfolio.backtest.rules import RULES
from augury.records.trials.backtests import StoredBacktest
from augury.runs.backtesting import BacktestRequest, run_request
from augury.service.accounts.caller import Caller
from augury.service.accounts.limits import PLANS
from augury.service.backend import Backend
from augury.service.cursors import read_cursor, write_cursor
from augury.service.strict import Answer

COMPARED_MAX: Final = 6
SYMBOLS_MAX: Final = 50


class BacktestLine(Answer):
    """One backtest in a list. Returns are fractions; ``sharpe`` is annualised, net of costs, with its 95 % interval."""

    id: str
    name: str
    made_at: datetime
    made_by: str
    settings: dict[str, Any]
    data_hash: str | None
    first: datetime | None
    as_of: datetime | None
    bars: int
    sharpe: float | None
    sharpe_low: float | None
    sharpe_high: float | None
    total_return: float | None
    benchmark_return: float | None
    max_drawdown: float | None
    verdict: str
    reason: str
    beside_luck: str


class CurvePoint(Answer):
    """Equity at the close of a bar, net of costs, and what buying and holding gave; both begin at 1."""

    ts: datetime
    net: float
    benchmark: float


class Fill(Answer):
    """One trade: shares (below 0 sold), price and costs in money."""

    ts: datetime
    symbol: str
    shares: float
    price: float
    commission: float
    slippage: float
    impact: float


class BacktestAnswer(BacktestLine):
    """One backtest: the tear sheet, its curve, and the newest trades (money, shares)."""

    summary: str
    warnings: list[str]
    table: list[dict[str, str]]
    figures: dict[str, Any]
    capacity: dict[str, Any]
    costs: dict[str, Any]
    selection: dict[str, Any] | None
    curve: list[CurvePoint]
    last_trades: list[Fill]


class BacktestPage(Answer):
    """Backtests, the newest first."""

    backtests: list[BacktestLine]
    next_cursor: str | None


class Comparison(Answer):
    """Backtests side by side. Figures compare only when ``same_data``: they read the same bars."""

    same_data: bool
    differs: dict[str, list[Any]]
    backtests: list[BacktestAnswer]


class RuleAnswer(Answer):
    """A rule by name; ``every`` is bars between decisions."""

    name: str
    about: str
    every: int


@dataclass
class Running:
    """How many backtests each tenant has running in this process."""

    _counts: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def place(self, caller: Caller) -> Iterator[None]:
        """Hold one of the places of a tenant.

        Raises
        ------
        LimitReached
            As many run as the plan allows.
        """
        allowed = PLANS[caller.plan].jobs
        with self._lock:
            if self._counts.get(caller.tenant_id, 0) >= allowed:
                raise LimitReached(f"plan {caller.plan} allows {allowed} backtests at once", retry_after_s=5.0)
            self._counts[caller.tenant_id] = self._counts.get(caller.tenant_id, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._counts[caller.tenant_id] -= 1


def rules() -> list[RuleAnswer]:
    """Return the rules a backtest knows by name."""
    return [RuleAnswer(name=name, about=rule.about, every=rule.every) for name, rule in RULES.items()]


def asked(
    symbols: Sequence[str], *, rule: str, timeframe: str = "d1", side: str = "long_short", every: int | None = None,
    commission_bps: float = 10.0, slippage_bps: float = 5.0,
) -> BacktestRequest:  # fmt: skip
    """Write down what a page asks for; what it does not ask for has its default.

    Raises
    ------
    UsageError
        No symbol, too many, or fewer than one bar between decisions.
    """
    if not 1 <= len(symbols) <= SYMBOLS_MAX or (every is not None and every < 1):
        raise UsageError(f"name 1 to {SYMBOLS_MAX} symbols, and one bar or more between decisions")
    return BacktestRequest(
        tuple(symbols), timeframe, rule, every, side, commission_bps=commission_bps, slippage_bps=slippage_bps
    )


def run(backend: Backend, caller: Caller, name: str, request: BacktestRequest, request_id: str = "") -> BacktestAnswer:
    """Run a backtest and keep it.

    Raises
    ------
    LimitReached
        As many run as the plan allows.
    NotFound, UsageError, DataError
        No bars of a symbol, a setting out of range, or bars that cannot be traded.
    """
    for symbol in request.symbols:
        check_symbol(symbol)
    Timeframe.parse(request.timeframe)
    running: Running = backend.parts.setdefault("backtests", Running())
    with running.place(caller):
        report = run_request(backend.workspace, request)
    store = backend.workspace.store
    kept = store.backtests.add(
        caller.tenant_id, name or request.rule, request.to_json(), report, data_hash=report["data_version"],
        by=caller.name,
    )  # fmt: skip
    store.audit_trail.add(caller.tenant_id, caller.actor, "backtest run", kept.id, request_id=request_id or None)
    return backtest(backend, caller, kept.id)


def backtests(backend: Backend, caller: Caller, limit: int = 50, cursor: str | None = None) -> BacktestPage:
    """Return the backtests of the caller's tenant."""
    question = {"of": "backtests"}
    after = read_cursor(cursor, question, str)
    found = backend.workspace.store.backtests.list(
        caller.tenant_id, before=after[0] if after else None, limit=limit + 1
    )
    more = write_cursor(question, [found[limit - 1].id]) if len(found) > limit else None
    return BacktestPage(backtests=[BacktestLine(**_line(one)) for one in found[:limit]], next_cursor=more)


def backtest(backend: Backend, caller: Caller, backtest_id: str) -> BacktestAnswer:
    """Return one backtest; a foreign one is unknown."""
    return _answer(backend.workspace.store.backtests.get(caller.tenant_id, backtest_id))


def compared(backend: Backend, caller: Caller, ids: Sequence[str]) -> Comparison:
    """Return backtests side by side with the settings in which they differ.

    Raises
    ------
    UsageError
        Fewer than two or more than ``COMPARED_MAX``, or one twice.
    """
    if not 2 <= len(ids) <= COMPARED_MAX or len(set(ids)) != len(ids):
        raise UsageError(f"two to {COMPARED_MAX} different backtests are compared, found {len(ids)}")
    found = [backtest(backend, caller, one) for one in ids]
    names = found[0].settings
    differs = {name: [one.settings.get(name) for one in found] for name in names}
    differs = {name: values for name, values in differs.items() if any(value != values[0] for value in values)}
    return Comparison(same_data=len({one.data_hash for one in found}) == 1, differs=differs, backtests=found)


def _answer(one: StoredBacktest) -> BacktestAnswer:
    said = one.report
    same = {name: said[name] for name in ("summary", "warnings", "table", "figures", "capacity", "costs", "selection")}
    return BacktestAnswer(**_line(one), **same, curve=said["curve"], last_trades=said["last_trades"])


def _line(one: StoredBacktest) -> dict[str, Any]:
    said, figures = one.report, one.report["figures"]
    net, held = figures["net"], figures["benchmark"]
    sharpe = net.get("sharpe") or {}
    own = {name: getattr(one, name) for name in ("id", "name", "made_at", "made_by", "settings", "data_hash")}
    return own | {
        "first": said.get("first"), "as_of": said["as_of"], "bars": said["bars"], "sharpe": sharpe.get("value"),
        "sharpe_low": sharpe.get("low"), "sharpe_high": sharpe.get("high"),
        "total_return": net.get("total_return"), "benchmark_return": held.get("total_return"),
        "max_drawdown": net.get("max_drawdown"), "verdict": said["verdict"]["word"],
        "reason": said["verdict"]["reason"],
        "beside_luck": (said["selection"] or {}).get("text", "no Sharpe ratio: the net returns do not move"),
    }  # fmt: skip
