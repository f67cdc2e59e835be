"""Backtest: decisions meet the market, with every cost, in one cash account.

market.py       bars as matrices
costs.py        what trading costs, what the account may do
targets.py      frames of weights laid onto a market
ledger.py       the clock and the cash ledger; its day loop is compiled (kernels/)
result.py       a finished backtest with its benchmark, series, trade log
figures.py      the figures of a tear sheet, capacity, and whether it is tradable
tear_sheet.py   those figures as JSON and as one HTML page
book.py         scores become weights
rules.py        simple rules by name
walk_forward.py retraining on a schedule, emulated
"""

from augury.portfolio.backtest.book import Book
from augury.portfolio.backtest.costs import Account, Costs
from augury.portfolio.backtest.figures import Capacity, Figures, Tradable, capacity, figures, tradable
from augury.portfolio.backtest.market import Market
from augury.portfolio.backtest.result import Backtest, run_backtest
from augury.portfolio.backtest.walk_forward import Walk, walk_forward

__all__ = [
    "Account",
    "Backtest",
    "Book",
    "Capacity",
    "Costs",
    "Figures",
    "Market",
    "Tradable",
    "Walk",
    "capacity",
    "figures",
    "run_backtest",
    "tradable",
    "walk_forward",
]
