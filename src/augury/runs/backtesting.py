"""A backtest of a rule on bars of the lake, as it is kept and shown: the tear sheet and its curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.runs.workspace import Workspace

if TYPE_CHECKING:
    from augury.portfolio.backtest import Backtest

POINTS: Final = 500
"""Of a curve that is kept: enough for a screen."""
TRADES: Final = 200
"""The newest trades that are kept."""


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What is tried.

    Parameters
    ----------
    symbols : tuple of str
        Of the lake.
    timeframe : str
    rule : str
        Of ``portfolio.backtest.rules``.
    every : int or None
        Bars between decisions; None is the rule's own.
    side : str
        ``long_short`` or ``long``.
    capital : float
        Cash on the first day, > 0.
    commission_bps, slippage_bps : float
        Of the value traded, >= 0.
    commission_min : float
        Least commission of a trade, money.
    borrow_rate : float
        A year, on what is short; a fraction.
    impact : float
        Coefficient of the square-root law; 0 is none.
    margin : float
        Equity behind each unit of gross exposure, in (0, 1].
    fill : str
        ``open`` or ``close`` of the next bar.
    fractional : bool
        Parts of shares are allowed.
    prices : str
        ``close``, or ``adj_close``: dividends reinvested.
    """

    symbols: tuple[str, ...]
    timeframe: str = "d1"
    rule: str = "reversal_5d"
    every: int | None = None
    side: str = "long_short"
    capital: float = 1_000_000.0
    commission_bps: float = 10.0
    commission_min: float = 1.0
    slippage_bps: float = 5.0
    borrow_rate: float = 0.02
    impact: float = 0.0
    margin: float = 0.5
    fill: str = "open"
    fractional: bool = False
    prices: str = "close"

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {name: getattr(self, name) for name in BacktestRequest.__dataclass_fields__}


def run_request(workspace: Workspace, request: BacktestRequest) -> Json:
    """Let a rule meet the market; count it as a trial and deflate its Sharpe ratio by all of them.

    Parameters
    ----------
    workspace : Workspace
    request : BacktestRequest

    Returns
    -------
    dict
        The tear sheet (``portfolio.backtest.tear_sheet``) with ``summary``, ``curve``, ``last_trades``, ``selection``.

    Raises
    ------
    NotFound
        No bars of a symbol.
    UsageError, DataError
        A setting out of range, or bars that cannot be traded.
    """
    from augury.portfolio.backtest import Account, Book, Costs, Market, run_backtest
    from augury.portfolio.backtest.figures import figures, tradable
    from augury.portfolio.backtest.rules import rule as named
    from augury.portfolio.backtest.tear_sheet import sheet_json, summary, table_rows

    rule = named(request.rule)
    costs = Costs(
        request.commission_bps, request.commission_min, request.slippage_bps, request.borrow_rate, request.impact
    )
    account = Account(request.capital, not request.fractional, request.margin, request.fill)
    bars = workspace.lake.read(request.symbols, Timeframe.parse(request.timeframe))
    market = Market.of(bars, request.prices)
    step = request.every or rule.every
    decided = rule.decide(market, Book(request.side), step)
    done = run_backtest(market, decided, costs=costs, account=account, name=request.rule, held_bars=step)
    found = figures(done)
    return sheet_json(done) | {
        "summary": summary(done, found, tradable(done, found)),
        "table": table_rows(found),
        "first": done.market.ts[0],
        "timeframe": str(done.market.timeframe),
        "curve": _curve(done),
        "last_trades": done.trades.tail(TRADES).to_dicts(),
        "selection": _selection(workspace, done, {"rule": request.rule, "every": step, "side": request.side}),
    }


def _selection(workspace: Workspace, done: Backtest, decisions: Json) -> Json | None:
    from augury.runs.proving.trials import backtest_trial, deflated_trial

    trial = backtest_trial(done, decisions)
    workspace.store.trials.record(trial)
    deflated = deflated_trial(workspace.store.trials, trial)
    return None if deflated is None else deflated.to_json() | {"text": deflated.text()}


def _curve(done: Backtest) -> list[Json]:
    """Equity and the benchmark from 1, net of costs, thinned to ``POINTS`` with both ends kept."""
    import numpy as np

    grown = np.concatenate([[1.0], np.cumprod(1 + done.net)])
    held = np.concatenate([[1.0], np.cumprod(1 + done.benchmark_returns)])
    at = np.unique(np.linspace(0, len(grown) - 1, min(len(grown), POINTS)).astype(int))
    ts = done.market.ts
    return [{"ts": ts[int(i)], "net": float(grown[i]), "benchmark": float(held[i])} for i in at]
