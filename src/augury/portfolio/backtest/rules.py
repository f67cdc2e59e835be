"""Simple rules by name: decisions from past prices alone, to compare with and to try the machinery on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.errors import UnknownName
from augury.core.suggestion import did_you_mean
from augury.core.typing import Floats
from augury.portfolio.backtest.book import Book
from augury.portfolio.backtest.market import Market


@dataclass(frozen=True, slots=True)
class Rule:
    """A named way to decide.

    Parameters
    ----------
    about : str
        One line.
    every : int
        Bars between decisions.
    decide : callable
        ``(market, book, every) -> (T, N)`` targets; row t from closes up to t.
    """

    about: str
    every: int
    decide: Callable[[Market, Book, int], Floats]


def _past_return(market: Market, bars: int, skip: int = 0) -> Floats:
    """Return over ``bars`` bars that ended ``skip`` bars ago; NaN where unknown or where no bar is."""
    found = np.full_like(market.close, np.nan)
    held = market.held_close
    last = held[bars : len(held) - skip] if skip else held[bars:]
    found[bars + skip :] = last / held[: len(held) - bars - skip] - 1
    return np.where(np.isnan(market.close), np.nan, found)


def _reversal(market: Market, book: Book, every: int) -> Floats:
    return book.weigh(-_past_return(market, 5), every)


def _momentum(market: Market, book: Book, every: int) -> Floats:
    return book.weigh(_past_return(market, 231, 21), every)


def _low_volatility(market: Market, book: Book, every: int) -> Floats:
    """`volatility` on row t + 1 is known at close t."""
    known = np.full_like(market.close, np.nan)
    known[:-1] = -market.volatility[1:]
    return book.weigh(np.where(np.isnan(market.close), np.nan, known), every)


def _hold(market: Market, book: Book, every: int) -> Floats:
    targets = np.full_like(market.close, np.nan)
    listed = ~np.isnan(market.close[0])
    targets[0, listed] = 1 / listed.sum()
    return targets


def _equal(market: Market, book: Book, every: int) -> Floats:
    listed = ~np.isnan(market.close)
    targets = np.where(listed, 1 / np.maximum(listed.sum(axis=1, keepdims=True), 1), 0.0)
    targets[np.arange(market.days) % every != 0] = np.nan
    return targets


def _cash(market: Market, book: Book, every: int) -> Floats:
    return np.zeros_like(market.close)


RULES: Final = {
    "reversal_5d": Rule("buy what fell over 5 bars, sell what rose", 5, _reversal),
    "momentum_12_1": Rule("buy what rose over 231 bars that ended 21 bars ago", 21, _momentum),
    "low_volatility": Rule("buy what moved least over 20 bars", 21, _low_volatility),
    "equal_weight": Rule("equal weights, set again every 21 bars", 21, _equal),
    "buy_and_hold": Rule("equal weights on the first bar, then nothing", 1, _hold),
    "cash": Rule("nothing", 1, _cash),
}


def rule(name: str) -> Rule:
    """Return a rule by its name.

    Raises
    ------
    UnknownName
        With the nearest name and the whole list.

    Examples
    --------
    >>> rule("reversal_5d").every
    5
    """
    if (found := RULES.get(name)) is None:
        hint = did_you_mean(name, RULES)
        raise UnknownName(f"unknown rule '{name}'{hint} (known: {', '.join(RULES)})", name=name)
    return found
