"""One symbol's bars as variances: what moved, measured within the bar and between two bars."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np

from augury.core.bars import Bars
from augury.core.errors import DataError
from augury.core.typing import Floats

_PARKINSON: Final = 1 / (4 * math.log(2))
_FLOOR_SHARE: Final = 0.01
"""A bar that stood still counts as this share of the median of the bars so far: its logarithm must exist."""


@dataclass(frozen=True)
class RangeSeries:
    """Logarithms of open, high, low and close in time order.

    Parameters
    ----------
    symbol : str
    open, high, low, close : array (n,)
        Natural logarithms of the prices, finite.

    Examples
    --------
    >>> one = RangeSeries("A", *np.log([[100.0, 101.0], [102.0, 103.0], [99.0, 100.0], [101.0, 102.0]]))
    >>> one.variance.round(6).tolist()
    [0.000321, 0.000315]
    """

    symbol: str
    open: Floats
    high: Floats
    low: Floats
    close: Floats

    def __post_init__(self) -> None:
        for name in ("open", "high", "low", "close"):
            if not np.isfinite(getattr(self, name)).all():
                raise DataError(f"{self.symbol}: {name} has a bar that is missing or not positive; nothing is filled")

    @classmethod
    def of(cls, bars: Bars, symbol: str) -> Self:
        """Take the bars of one symbol.

        Raises
        ------
        DataError
            A price is missing (a close-only source has no ranges) or not positive.
        """
        frame = bars.of(symbol).frame
        prices = [frame[name].to_numpy() for name in ("open", "high", "low", "close")]
        if not all((price > 0).all() for price in prices):
            raise DataError(f"{symbol}: a range needs open, high, low and close of every bar, all above 0")
        return cls(symbol, *(np.log(price) for price in prices))

    def __len__(self) -> int:
        return len(self.close)

    def until(self, n_bars: int) -> RangeSeries:
        """The first ``n_bars`` bars."""
        return RangeSeries(self.symbol, self.open[:n_bars], self.high[:n_bars], self.low[:n_bars], self.close[:n_bars])

    @cached_property
    def log_returns(self) -> Floats:
        """Log return of each bar, ``(n,)``; NaN at the first."""
        return np.concatenate([[np.nan], np.diff(self.close)])

    @cached_property
    def variance(self) -> Floats:
        """Squared gap from the close before plus Parkinson's range variance of the bar, ``(n,)``.

        Parkinson (1980): ``(ln(high / low))^2 / (4 ln 2)`` has a fifth of the noise of a squared
        return. Never 0: see the floor in this module, which looks back only.
        """
        gap = np.concatenate([[0.0], self.open[1:] - self.close[:-1]])
        moved = gap**2 + _PARKINSON * (self.high - self.low) ** 2
        still = np.flatnonzero(moved <= 0)
        found = moved.copy()
        for row in still:
            before = moved[:row][moved[:row] > 0]
            found[row] = _FLOOR_SHARE * float(np.median(before)) if len(before) else np.nan
        return found

    def realised(self, horizon_bars: int) -> Floats:
        """Mean squared log return over the next ``horizon_bars`` bars, ``(n,)``; NaN on the last ones."""
        return _ahead(self.log_returns**2, horizon_bars)

    def range_ahead(self, horizon_bars: int) -> Floats:
        """Mean of :attr:`variance` over the next ``horizon_bars`` bars, ``(n,)``; NaN on the last ones."""
        return _ahead(self.variance, horizon_bars)

    def averaged(self, bars: int) -> Floats:
        """Mean of :attr:`variance` over the last ``bars`` bars, ``(n,)``; NaN until there are so many."""
        return backward_mean(self.variance, bars)


def backward_mean(values: Floats, bars: int) -> Floats:
    """Mean of each value and the ``bars - 1`` before it, ``(n,)``; NaN where one of them is missing."""
    found = np.full(len(values), np.nan)
    if len(values) >= bars:
        # Window by window: a running sum would carry one wild bar's rounding into all that follow.
        found[bars - 1 :] = np.lib.stride_tricks.sliding_window_view(values, bars).mean(axis=1)
    return found


def _ahead(values: Floats, bars: int) -> Floats:
    found = np.full(len(values), np.nan)
    found[:-bars] = backward_mean(values, bars)[bars:]
    return found
