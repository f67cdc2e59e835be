"""A finished backtest: the strategy, what it cost, and the benchmarks beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.errors import DataError
from augury.core.typing import Bools, Floats, Json
from augury.portfolio.backtest.costs import Account, Costs
from augury.portfolio.backtest.kernels.library import DAILY
from augury.portfolio.backtest.ledger import Ledger, keep_ledger
from augury.portfolio.backtest.market import GUARD, Market
from augury.portfolio.backtest.targets import lay_out

KINDS: Final = ("commission", "slippage", "impact", "borrow")


@dataclass(frozen=True)
class Backtest:
    """What a strategy would have earned, gross and net.

    Parameters
    ----------
    name : str
        Of the strategy; names the series that leave.
    market : Market
        What was traded.
    targets : (T, N)
        What was decided at each close.
    costs, account
        What trading cost, what the account might do.
    ledger : Ledger
        What it did.
    held_bars : int
        Bars a position is held, roughly; the blocks of every interval are at least so long.
    """

    name: str
    market: Market
    targets: Floats
    costs: Costs
    account: Account
    ledger: Ledger
    held_bars: int = 1

    @cached_property
    def net(self) -> Floats:
        """Simple return of each bar after costs, ``(T - 1,)``, from the second row on."""
        equity = self.ledger.day("equity")
        return self._change(np.diff(equity))

    @cached_property
    def gross(self) -> Floats:
        """The same fills with the costs of each bar given back, over the same equity, ``(T - 1,)``."""
        return self._change(np.diff(self.ledger.day("equity")) + self.costs_by_day[1:])

    @property
    def costs_by_day(self) -> Floats:
        """Money paid for trading and holding on each row, ``(T,)``."""
        return np.asarray(sum(self.ledger.day(kind) for kind in KINDS), dtype=np.float64)

    @property
    def costs_by_kind(self) -> dict[str, float]:
        """Money paid in all, by kind: commission, slippage, impact, borrow."""
        return {kind: float(self.ledger.day(kind).sum()) for kind in KINDS}

    @cached_property
    def started(self) -> int:
        """Row of the first decision; figures are taken from the row after, benchmarks begin with it."""
        rows = np.flatnonzero(~np.isnan(self.targets).all(axis=1))
        return int(rows[0]) if len(rows) else 0

    @cached_property
    def benchmark(self) -> Ledger:
        """Buy and hold, equal weight over the symbols with a bar at the first decision; same costs and clock."""
        targets = np.full(self.market.close.shape, np.nan)
        listed = ~np.isnan(self.market.close[self.started])
        targets[self.started] = np.where(listed, 1 / max(int(listed.sum()), 1), np.nan)
        return keep_ledger(self.market, targets, self.costs, self.account)

    @cached_property
    def benchmark_returns(self) -> Floats:
        """Simple returns of the benchmark after its own costs, ``(T - 1,)``."""
        return self._change(np.diff(self.benchmark.day("equity")), self.benchmark)

    @cached_property
    def quarantined(self) -> tuple[tuple[int, int], ...]:
        """(row, column) of moves beyond the guard that the strategy held; their rows are in no figure."""
        return tuple((row, column) for row, column in self.market.jumps if self._held(row, column))

    @cached_property
    def counted(self) -> Bools:
        """Which of the ``T - 1`` returns count: after the first decision, not quarantined."""
        kept = np.arange(1, self.market.days) > self.started
        kept[[row - 1 for row, _ in self.quarantined]] = False
        return kept

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before reading a figure."""
        found = [
            f"{self.market.symbols[column]} moved more than {GUARD:.0%} on {self.market.ts[row]:%Y-%m-%d}; "
            "that day is in no figure: check the price"
            for row, column in self.quarantined
        ]
        equity = self.ledger.day("equity")
        if (lost := np.flatnonzero(equity <= 0)).size:
            found.append(f"the equity was gone on {self.market.ts[int(lost[0])]:%Y-%m-%d}; nothing is earned after")
        if self.market.synthetic:
            found.append("synthetic market")
        return tuple(found)

    @property
    def equity(self) -> pl.DataFrame:
        """``ts``, then equity, cash, value long and short, value traded and costs by kind; money."""
        return pl.DataFrame({"ts": self.market.ts} | {name: self.ledger.day(name) for name in DAILY})

    @property
    def returns(self) -> pl.DataFrame:
        """``ts, net, gross, benchmark``; simple returns from the second row on."""
        columns = {"net": self.net, "gross": self.gross, "benchmark": self.benchmark_returns}
        return pl.DataFrame({"ts": self.market.ts[1:]} | columns)

    @property
    def trades(self) -> pl.DataFrame:
        """The trade log: one row a fill, in the order booked; shares below 0 are sold."""
        ledger = self.ledger
        names = pl.Series(self.market.symbols, dtype=pl.String)
        return pl.DataFrame(
            {
                "ts": self.market.ts.gather(ledger.trade_row),
                "symbol": names.gather(ledger.trade_column),
                **{name: ledger.of_trades(name) for name in ("shares", "price", "commission", "slippage", "impact")},
            }
        )

    @property
    def positions(self) -> pl.DataFrame:
        """Shares held after each row: ``ts``, then one column a symbol."""
        change = np.zeros(self.market.close.shape)
        np.add.at(change, (self.ledger.trade_row, self.ledger.trade_column), self.ledger.of_trades("shares"))
        held = pl.DataFrame(np.cumsum(change, axis=0), schema=list(self.market.symbols))
        return pl.DataFrame({"ts": self.market.ts}).hstack(held)

    def to_quantstats(self) -> Any:
        """Net returns as a pandas Series named by the strategy with a DatetimeIndex, as tear-sheet libraries read.

        The index carries no time zone: those libraries compare it with naive dates.
        """
        import pandas

        index = pandas.DatetimeIndex(self.market.ts[1:].dt.replace_time_zone(None).to_numpy(), name="ts")
        return pandas.Series(self.net.copy(), index=index, name=self.name)

    def to_json(self) -> Json:
        """The settings and totals as a JSON object; figures are in the tear sheet."""
        return {
            "name": self.name,
            "as_of": self.market.ts[-1],
            "data_version": self.market.data_version,
            "synthetic": self.market.synthetic,
            "warnings": list(self.notes),
            "bars": self.market.days,
            "symbols": len(self.market.symbols),
            "trades": len(self.ledger.trade_row),
            "equity_first": self.account.capital,
            "equity_last": float(self.ledger.day("equity")[-1]),
            "costs": self.costs_by_kind,
            "cost_settings": self.costs.to_json(),
            "account": self.account.to_json(),
        }

    def _change(self, change: Floats, ledger: Ledger | None = None) -> Floats:
        before = (ledger or self.ledger).day("equity")[:-1]
        # Where the equity is gone no return exists; nothing is held, so nothing is earned.
        return np.divide(change, before, out=np.zeros_like(change), where=before > 0)

    def _held(self, row: int, column: int) -> bool:
        mine = (self.ledger.trade_column == column) & (self.ledger.trade_row <= row)
        before = mine & (self.ledger.trade_row < row)
        shares = self.ledger.of_trades("shares")
        return bool(abs(shares[before].sum()) > 0 or abs(shares[mine].sum()) > 0)


def run_backtest(
    market: Market,
    weights: pl.DataFrame | Floats,
    *,
    costs: Costs | None = None,
    account: Account | None = None,
    name: str = "strategy",
    in_shares: bool = False,
    held_bars: int = 1,
) -> Backtest:
    """Let decisions meet the market: decided at close t, filled at open t+1, earned from the fill on.

    Parameters
    ----------
    market : Market
        See :meth:`Market.of`.
    weights : pl.DataFrame or (T, N)
        A frame (see :func:`lay_out`), or a matrix on the market's rows and columns; NaN is no decision.
    costs : Costs, optional
        Default 10 bps commission, 5 bps slippage, 2 % borrow.
    account : Account, optional
        Default a million in cash, whole shares, fills at the open.
    name : str
        Names the series that leave.
    in_shares : bool
        True: the decisions are numbers of shares.
    held_bars : int
        See :class:`Backtest`.

    Raises
    ------
    DataError
        Fewer than 2 rows, or decisions that do not fit the market.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> market = Market.of(SyntheticMarket(n_symbols=2, n_bars=40).bars())
    >>> idle = run_backtest(market, np.zeros((40, 2)))
    >>> float(idle.ledger.day("equity")[-1]), len(idle.trades)
    (1000000.0, 0)
    """
    if market.days < 2:
        raise DataError(f"a backtest needs 2 bars, the market has {market.days}: a decision fills one bar later")
    costs, account = costs or Costs(), account or Account()
    targets = lay_out(market, weights) if isinstance(weights, pl.DataFrame) else np.asarray(weights, dtype=np.float64)
    ledger = keep_ledger(market, targets, costs, account, in_shares=in_shares)
    return Backtest(name, market, targets, costs, account, ledger, held_bars)
