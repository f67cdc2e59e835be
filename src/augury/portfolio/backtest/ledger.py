"""The cash ledger: decisions become fills, fills become equity. One account over all symbols.

The clock of one day t, in this order:

1. Borrow falls due for the calendar days since the row before, on the value short at that close and
   on cash owed.
2. A symbol whose last bar is past is closed at its last close, with commission and slippage.
3. What was decided at the close before fills at today's open (or close): sales first, then purchases.
   A weight becomes shares at the price it fills at: ``weight x equity / price``, the equity marked at
   the same prices. Where the cash does not pay for all purchases and their costs, all are cut by the
   same part, so that a weight of 1 is never overdrawn. Weights beyond ``1 / margin`` gross are scaled.
4. Positions are marked at the close; a suspended symbol stands at its last close.

The last row's decision never fills. An account whose equity is gone is closed out and stays so.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np

from augury.core.errors import DataError
from augury.core.typing import Floats, Ints
from augury.portfolio.backtest.costs import Account, Costs
from augury.portfolio.backtest.kernels.library import DAILY, TRADE, Task, library
from augury.portfolio.backtest.market import Market


@dataclass(frozen=True)
class Ledger:
    """What the account did.

    Parameters
    ----------
    daily : (T, 9)
        Columns of ``kernels.library.DAILY``, money.
    trade_row, trade_column : (n,)
        Row and symbol of each trade, in the order they were booked.
    trade : (n, 5)
        Columns of ``kernels.library.TRADE``: shares (below 0 sold), price paid, and the costs.
    """

    daily: Floats
    trade_row: Ints
    trade_column: Ints
    trade: Floats

    def day(self, name: str) -> Floats:
        """One column of ``daily`` by name, ``(T,)``."""
        return self.daily[:, DAILY.index(name)]

    def of_trades(self, name: str) -> Floats:
        """One column of ``trade`` by name, ``(n,)``."""
        return self.trade[:, TRADE.index(name)]


def keep_ledger(market: Market, targets: Floats, costs: Costs, account: Account, *, in_shares: bool = False) -> Ledger:
    """Run the day loop.

    Parameters
    ----------
    market : Market
        Prices.
    targets : (T, N)
        What is decided at each close: the weight (fraction of equity) or the number of shares each
        symbol shall have; NaN is no decision, the shares stay.
    costs, account
        See :class:`Costs` and :class:`Account`.
    in_shares : bool
        True: targets are shares.

    Raises
    ------
    DataError
        Targets of another shape, infinite ones, or fills at the open of bars that have none.
    """
    targets = np.ascontiguousarray(targets, dtype=np.float64)
    if targets.shape != market.close.shape:
        raise DataError(f"targets are {targets.shape}, the market is {market.close.shape}: one decision a bar")
    if np.isinf(targets).any():
        raise DataError("a target is infinite: a weight is a finite fraction of the equity")
    prices = market.open if account.fill == "open" else market.close
    if account.fill == "open" and not (np.isfinite(prices) | np.isnan(market.close)).any():
        raise DataError("these bars have no opens to fill at", fix="augury backtest run --fill close ...")
    return _run(market, targets, costs, account, prices, in_shares)


def _run(market: Market, targets: Floats, costs: Costs, account: Account, prices: Floats, in_shares: bool) -> Ledger:
    days, symbols = targets.shape
    room = days * symbols + symbols
    daily, work = np.zeros((days, len(DAILY))), np.zeros((4, symbols))
    listed = np.empty((2, symbols + 1), np.int32)
    # Only the pages that trades are written to ever become memory.
    row, column, trade = np.empty(room, np.int32), np.empty(room, np.int32), np.empty((room, len(TRADE)))
    fill, close = (np.ascontiguousarray(matrix, dtype=np.float64) for matrix in (prices, market.close))
    impact = np.ascontiguousarray(impact_scale(market, costs.impact)) if costs.impact else None
    task = Task(
        days, symbols, fill.ctypes.data, close.ctypes.data, targets.ctypes.data, market.elapsed.ctypes.data,
        market.last_bar.ctypes.data, None if impact is None else impact.ctypes.data, account.capital,
        costs.commission_bps / 1e4, costs.commission_min, costs.slippage_bps / 1e4, costs.borrow_rate,
        1 / account.margin, account.whole_shares, in_shares, account.no_bar == "wait", work.ctypes.data,
        listed.ctypes.data, daily.ctypes.data, row.ctypes.data, column.ctypes.data, trade.ctypes.data,
    )  # fmt: skip
    n = library().augury_ledger_run(ctypes.byref(task))
    return Ledger(daily, row[:n], column[:n], trade[:n])


def impact_scale(market: Market, coefficient: float) -> Floats:
    """Price moved per square root of value traded, ``Y sigma / sqrt(ADV)``, from the 20 bars before.

    NaN where fewer bars are known: such an order does not fill, since its price is not known.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = coefficient * market.volatility / np.sqrt(market.average_value)
    return np.where(np.isfinite(scale), scale, np.nan)
