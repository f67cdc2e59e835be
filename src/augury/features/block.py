"""A block of bars as columns, and the words formulas are written in."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property

import numpy as np
import polars as pl

from augury.core.typing import Floats, Ints
from augury.features import windows

FLAT = 1e-12
"""A spread below this fraction of the price is rounding, not movement: the bar counts as flat."""


class Block:
    """Consecutive bars of one or more whole symbols, oldest first within each.

    Windows may reach over the border to the symbol before: the first ``lookback_bars - 1`` rows of
    every symbol are masked, so nothing that was mixed is ever seen. Recursive smoothing restarts
    at each symbol. Everything is computed once per block however many formulas ask for it.

    Parameters
    ----------
    columns : dict
        ``open, high, low, close, volume`` as float64; NaN where the source has none.
    starts : array of int
        First row of each symbol; ``starts[0]`` is 0.
    """

    def __init__(self, columns: dict[str, Floats], starts: Ints) -> None:
        self.open, self.high = columns["open"], columns["high"]
        self.low, self.close = columns["low"], columns["close"]
        self.volume = columns["volume"]
        self.starts = starts
        # Keys hold the id of the operand; the operand is kept beside the result so that no id is reused.
        self._memo: dict[Hashable, tuple[Floats | None, Floats]] = {}

    def once(self, key: Hashable, compute: Callable[[], Floats], operand: Floats | None = None) -> Floats:
        """Return what ``compute`` gives, computed at the first call for this key."""
        if (found := self._memo.get(key)) is None:
            found = self._memo[key] = (operand, compute())
        return found[1]

    def lag(self, x: Floats, k: int) -> Floats:
        """Value ``k`` bars ago."""
        return self.once(("lag", id(x), k), lambda: windows.lagged(x, k), x)

    def sum(self, x: Floats, n: int) -> Floats:
        """Sum over the last ``n`` bars, the current one included."""
        return self.once(("sum", id(x), n), lambda: windows.window_sum(x, n), x)

    def mean(self, x: Floats, n: int) -> Floats:
        """Mean over the last ``n`` bars."""
        return self.once(("mean", id(x), n), lambda: self.sum(x, n) / n, x)

    def sd(self, x: Floats, n: int, *, sample: bool = True) -> Floats:
        """Standard deviation over the last ``n`` bars (``n - 1`` in the denominator when ``sample``)."""
        return self.once(("sd", id(x), n, sample), lambda: windows.window_sd(x, n, sample=sample), x)

    def lowest(self, x: Floats, n: int) -> Floats:
        """Minimum over the last ``n`` bars."""
        return self.once(("min", id(x), n), lambda: windows.window_min(x, n), x)

    def highest(self, x: Floats, n: int) -> Floats:
        """Maximum over the last ``n`` bars."""
        return self.once(("max", id(x), n), lambda: windows.window_max(x, n), x)

    def smooth(self, x: Floats, alpha: float, *, skip: int = 0) -> Floats:
        """Exponential smoothing ``s = alpha x + (1 - alpha) s``, started at each symbol's first bar.

        ``skip`` leaves that many bars of each symbol out, for series that need an earlier bar.
        """
        return self.once(("smooth", id(x), alpha, skip), lambda: self._smoothed(x, alpha, skip), x)

    def ema(self, x: Floats, span: int, *, skip: int = 0) -> Floats:
        """Exponential average with ``alpha = 2 / (span + 1)``."""
        return self.smooth(x, 2.0 / (span + 1.0), skip=skip)

    def wilder(self, x: Floats, n: int, *, skip: int = 0) -> Floats:
        """Wilder's average, ``alpha = 1 / n``."""
        return self.smooth(x, 1.0 / n, skip=skip)

    def _smoothed(self, x: Floats, alpha: float, skip: int) -> Floats:
        if skip:
            x = x.copy()
            for k in range(skip):
                x[np.minimum(self.starts + k, len(x) - 1)] = np.nan
        series = pl.DataFrame({"symbol": self._symbol, "x": pl.Series(x, nan_to_null=True)})
        smoothed = pl.col("x").ewm_mean(alpha=alpha, adjust=False, ignore_nulls=True)
        if len(self.starts) > 1:
            smoothed = smoothed.over("symbol")
        return series.select(smoothed).to_series().to_numpy()

    @cached_property
    def _symbol(self) -> Ints:
        return np.repeat(np.arange(len(self.starts)), np.diff(np.append(self.starts, len(self.close))))

    @cached_property
    def previous_close(self) -> Floats:
        """Close one bar ago."""
        return self.lag(self.close, 1)

    @cached_property
    def returns(self) -> Floats:
        """Simple one-bar return, ``C / C1 - 1``."""
        return self.close / self.previous_close - 1.0

    @cached_property
    def log_returns(self) -> Floats:
        """Logarithmic one-bar return, ``ln(C / C1)``."""
        return np.log(self.close / self.previous_close)

    @cached_property
    def atr(self) -> Floats:
        """Wilder's average true range over 14 bars; the first bar's true range is its range."""
        before = self.previous_close.copy()
        before[self.starts] = self.close[self.starts]
        true_range = np.maximum(self.high, before) - np.minimum(self.low, before)
        return self.wilder(true_range, 14)

    @cached_property
    def typical(self) -> Floats:
        """Typical price, ``(H + L + C) / 3``."""
        return (self.high + self.low + self.close) / 3.0

    @cached_property
    def close_position(self) -> Floats:
        """Where the close lies in the bar's range, 0 at the low, 1 at the high; 0.5 when the bar is flat."""
        return self.share(self.close - self.low, self.high - self.low, flat=0.5)

    def share(self, part: Floats, whole: Floats, *, flat: float = np.nan) -> Floats:
        """Divide two spreads in price units; ``flat`` where the whole is no more than rounding."""
        return np.where(whole > FLAT * self.close, part / whole, flat)

    def in_sd(self, change: Floats, sd: Floats) -> Floats:
        """Divide a return by a standard deviation of returns; undefined when prices did not move."""
        return np.where(sd > FLAT, change / sd, np.nan)

    def per_volume(self, amount: Floats, volume: Floats) -> Floats:
        """Divide by a volume; undefined when nothing was traded."""
        return np.where(volume > 0.0, amount / volume, np.nan)
