"""Paper trading: a person's decisions replayed through the cash ledger that backtests use.

A position is a decision at a moment. It is taken to the last bar that had closed then, fills at the next
bar's open with commission and slippage, and is marked at the last close that is known. So paper, backtest
and forward simulation are one calculation, and a position is pending until the bar it fills at has closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory, UsageError
from augury.core.timeframe import Timeframe
from augury.core.typing import Floats
from augury.data.calendar.availability import closed, known_at
from augury.portfolio.backtest.costs import Account
from augury.portfolio.backtest.market import Market
from augury.portfolio.backtest.result import Backtest, run_backtest
from augury.records.accounts.positions import PaperPosition
from augury.runs.intake import bars_of
from augury.runs.workspace import Workspace

CAPITAL: Final = 100_000.0
"""Cash an account starts with, in the currency of its bars."""
TIMEFRAME: Final = Timeframe.D1
"""The bars paper accounts fill and are marked at."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held of a symbol.

    Parameters
    ----------
    symbol : str
    shares : float
        Below 0 is short.
    average_price : float
        Paid for each, costs in it not counted.
    close : float
        Last close known, at ``marked_at``.
    marked_at : datetime
    value, unrealised : float
        Money: shares at the close, and that less what was paid.
    """

    symbol: str
    shares: float
    average_price: float
    close: float
    marked_at: datetime
    value: float
    unrealised: float


@dataclass(frozen=True, slots=True)
class Decision:
    """A position and how far it is: ``pending``, ``open``, ``ending`` or ``ended``."""

    position: PaperPosition
    state: str


@dataclass(frozen=True, slots=True)
class PaperBook:
    """An account at a moment.

    Parameters
    ----------
    at : datetime
        What was asked for.
    equity, cash, gross, net, profit, costs : float
        Money; ``gross`` and ``net`` are the value held without and with sign, ``profit`` is the equity
        less the capital, ``costs`` all that was paid for trading and borrowing.
    holdings : tuple of Holding
    decisions : tuple of Decision
    curve : tuple of (datetime, float)
        Equity after each close from the first decision on.
    """

    at: datetime
    capital: float
    equity: float
    cash: float
    gross: float
    net: float
    profit: float
    costs: float
    holdings: tuple[Holding, ...]
    decisions: tuple[Decision, ...]
    curve: tuple[tuple[datetime, float], ...]


def last_close(workspace: Workspace, symbol: str) -> tuple[datetime, float]:
    """Return when the last bar of a symbol closed and its close.

    Raises
    ------
    NotFound
        The lake has no daily bars of it.
    InsufficientHistory
        None has closed yet.
    """
    bars = closed(bars_of(workspace.lake, symbol, TIMEFRAME), workspace.clock.now())
    if bars.frame.is_empty():
        raise InsufficientHistory(f"no daily bar of {symbol} has closed yet", fix="augury data list")
    return known_at(bars.frame["ts"].tail(1), TIMEFRAME, bars.calendar)[0], float(bars.frame["close"][-1])


def paper_book(
    workspace: Workspace, positions: Sequence[PaperPosition], *, at: datetime | None = None, capital: float = CAPITAL
) -> PaperBook:
    """Replay decisions and mark them.

    Parameters
    ----------
    workspace : Workspace
    positions : sequence of PaperPosition
        Of one account.
    at : datetime, optional
        Only what was decided and known then; default now.
    capital : float
        Cash before the first decision.

    Raises
    ------
    UsageError
        ``at`` lies in the future.
    """
    now = workspace.clock.now()
    at = at or now
    if at > now:
        raise UsageError(f"at={at} lies after {now}: what is not known yet is worth nothing here")
    known = [position for position in positions if position.opened_at <= at]
    if not known:
        return PaperBook(at, capital, capital, capital, 0.0, 0.0, 0.0, 0.0, (), (), ())
    market, closes = _market(workspace, sorted({position.symbol for position in known}), at, known[0].opened_at)
    rows = {position.id: _rows(position, closes, at) for position in known}
    run = run_backtest(
        market,
        _targets(market, known, rows),
        account=Account(capital, whole_shares=False),
        in_shares=True,
        name="paper",
    )
    return _book(run, known, rows, closes, at)


_Closes = dict[str, dict[datetime, int]]
"""Symbol to the moments its bars closed, each with its row in the market."""


def _market(workspace: Workspace, symbols: Sequence[str], at: datetime, first: datetime) -> tuple[Market, _Closes]:
    parts = {symbol: closed(bars_of(workspace.lake, symbol, TIMEFRAME), at) for symbol in symbols}
    closes_of = {symbol: known_at(part.frame["ts"], TIMEFRAME, part.calendar) for symbol, part in parts.items()}
    # From one bar before the one the first decision is taken to: a market has two rows at least.
    kept = {
        symbol: part.with_frame(part.frame.filter(closes_of[symbol] > _before(closes_of[symbol], first)))
        for symbol, part in parts.items()
    }
    columns = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    frame = pl.concat([part.frame.select(columns) for part in kept.values()]).sort("symbol", "ts")
    some: Bars = next(iter(kept.values()))
    market = Market.of(some.with_frame(frame))
    row_of = {ts: row for row, ts in enumerate(market.ts.to_list())}
    closes = {
        symbol: dict(
            zip(
                known_at(part.frame["ts"], TIMEFRAME, part.calendar).to_list(),
                [row_of[ts] for ts in part.frame["ts"].to_list()], strict=True,
            )
        )
        for symbol, part in kept.items()
    }  # fmt: skip
    return market, closes


def _before(closes: pl.Series, first: datetime) -> datetime:
    done = closes.filter(closes <= first).sort()
    return done[-3] if len(done) >= 3 else datetime.min.replace(tzinfo=first.tzinfo)


def _rows(position: PaperPosition, closes: _Closes, at: datetime) -> tuple[int | None, int | None]:
    """Rows the two decisions are taken to: of the last bar that had closed; None for one that was not taken."""
    ended = position.closed_at if position.closed_at is not None and position.closed_at <= at else None
    own = closes[position.symbol]

    def row(moment: datetime | None) -> int | None:
        done = [] if moment is None else [index for close, index in own.items() if close <= moment]
        return max(done) if done else None

    return row(position.opened_at), row(ended)


def _targets(
    market: Market, positions: Sequence[PaperPosition], rows: dict[str, tuple[int | None, int | None]]
) -> Floats:
    targets = np.full(market.close.shape, np.nan)
    for column, symbol in enumerate(market.symbols):
        changes = [
            (row, amount)
            for position in positions if position.symbol == symbol
            for row, amount in zip(rows[position.id], (position.quantity, -position.quantity), strict=True)
            if row is not None
        ]  # fmt: skip
        for row in sorted({row for row, _ in changes}):
            targets[row, column] = sum(amount for when, amount in changes if when <= row)
    return targets


def _book(
    run: Backtest, positions: Sequence[PaperPosition], rows: dict[str, tuple[int | None, int | None]],
    closes: _Closes, at: datetime,
) -> PaperBook:  # fmt: skip
    day = {name: float(run.ledger.day(name)[-1]) for name in ("equity", "cash")}
    holdings = tuple(_holdings(run, closes))
    curve = tuple(zip(run.market.ts.to_list(), [float(value) for value in run.ledger.day("equity")], strict=True))
    first = min((row for pair in rows.values() if (row := pair[0]) is not None), default=0)
    net = sum(holding.value for holding in holdings)
    return PaperBook(
        at, run.account.capital, day["equity"], day["cash"], sum(abs(holding.value) for holding in holdings), net,
        day["equity"] - run.account.capital, float(run.costs_by_day.sum()), holdings,
        tuple(Decision(position, _state(rows[position.id], closes[position.symbol])) for position in positions),
        curve[first:],
    )  # fmt: skip


def _state(rows: tuple[int | None, int | None], own: dict[datetime, int]) -> str:
    last, (opened, ended) = max(own.values()), rows
    if opened is None or opened >= last:
        return "pending"
    return "open" if ended is None else "ending" if ended >= last else "ended"


def _holdings(run: Backtest, closes: _Closes) -> list[Holding]:
    marks = run.market.held_close[-1]
    found = []
    for column, symbol in enumerate(run.market.symbols):
        mine = run.ledger.trade_column == column
        shares, paid = _average(run.ledger.of_trades("shares")[mine], run.ledger.of_trades("price")[mine])
        if shares:
            close = float(marks[column])
            marked_at = max(closes[symbol])
            found.append(Holding(symbol, shares, paid, close, marked_at, shares * close, shares * (close - paid)))
    return found


def _average(shares: Floats, prices: Floats) -> tuple[float, float]:
    """Walk through trades: shares held and the average price paid for them."""
    held, paid = 0.0, 0.0
    for amount, price in zip(shares, prices, strict=True):
        after = held + float(amount)
        if held * amount >= 0:
            paid = (abs(held) * paid + abs(amount) * float(price)) / abs(after) if after else 0.0
        elif held * after < 0:
            paid = float(price)
        held = after
    return (held, paid) if abs(held) > 1e-9 else (0.0, 0.0)
