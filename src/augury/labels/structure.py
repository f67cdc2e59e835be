"""Structure labels: does a bar break out, is it a turning point, what shape has it?

Auxiliary targets for pre-training, made from the bars themselves. A swing is known two bars later:
these are targets, never features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import DataError, UsageError
from augury.core.typing import Bools, Codes, Floats
from augury.features.engine import symbol_starts

EXPANSION: Final = ("none", "expansion")
SWING: Final = ("none", "high", "low")
CANDLE: Final = ("bullish", "bearish", "neutral", "doji")
"""Class names in code order, 0 first."""
FACTORS: Final = (1.0, 1.5, 2.0)
"""Expansion factors that are tried, smallest first."""
_ATR_BARS: Final = 14
_BREAK_BARS: Final = 5
_SWING_SIDE: Final = 2
_DOJI, _NEUTRAL = 0.1, 0.3
_FLAT: Final = 1e-9
_BLOCK: Final = 1 << 16
"""Bars worked on at a time: their columns stay in the cache, whatever the number of windows."""


@dataclass(frozen=True)
class StructureLabels:
    """The three labels of each bar, and the average true range they are measured in.

    Parameters
    ----------
    expansion, swing, candle : array, shape of the bars without their last axis
        Codes into ``EXPANSION``, ``SWING`` and ``CANDLE``, int8.
    atr : array, same shape
        Mean true range, 0 at the first bar.
    """

    expansion: Codes
    swing: Codes
    candle: Codes
    atr: Floats

    def base_rates(self) -> pl.DataFrame:
        """How often each class occurs, and what always answering the commonest one would score.

        Returns
        -------
        pl.DataFrame
            ``task, name, n, share, constant_accuracy, constant_balanced_accuracy``. A head that
            always answers "none" is right 99.9 % of the time where expansions are rare; its balanced
            accuracy is one over the number of classes that occur.

        Examples
        --------
        >>> flat = np.full((1, 4, 4), 7.0)
        >>> structure_labels(flat).base_rates().filter(pl.col("task") == "candle")["share"].to_list()
        [0.0, 0.0, 0.0, 1.0]
        """
        rows = []
        for task, names in (("expansion", EXPANSION), ("swing", SWING), ("candle", CANDLE)):
            counts = np.bincount(getattr(self, task).ravel(), minlength=len(names))
            total, occurring = int(counts.sum()), int(np.count_nonzero(counts))
            constant = float(counts.max() / total) if total else None
            balanced = 1.0 / occurring if occurring else None
            rows += [
                (task, name, int(n), int(n) / total if total else None, constant, balanced)
                for name, n in zip(names, counts, strict=True)
            ]
        columns = ["task", "name", "n", "share", "constant_accuracy", "constant_balanced_accuracy"]
        return pl.DataFrame(rows, schema=columns, orient="row")


def structure_labels(bars: Floats, factor: float = 2.0) -> StructureLabels:
    """Label every bar of windows or of one series.

    - expansion 1 when ``H_t > max(H of the 5 bars before) + factor ATR_t`` or
      ``L_t < min(L of the same) - factor ATR_t``; ``ATR_t`` is the mean true range of the last
      ``min(14, t)`` bars including t, 0 at bar 0. Looks ahead 0 bars.
    - swing 1 when ``H_t = max(H_{t-2..t+2})``, else 2 when ``L_t = min(L_{t-2..t+2})``; the first and
      last 2 bars are 0 and a high wins a tie. Looks ahead 2 bars.
    - candle with ``r = |C - O| / (H - L)``: 3 below 0.1 or flat, 2 below 0.3, else 0 up or 1 down.

    Parameters
    ----------
    bars : array, shape (n_windows, n_bars, 4) or (n_bars, 4)
        Open, high, low, close; finite.
    factor : float
        How far beyond the earlier bars, in ATR, > 0; larger makes expansions rarer.

    Returns
    -------
    StructureLabels
        Arrays of shape (n_windows, n_bars) or (n_bars,).

    Raises
    ------
    UsageError
        Another shape, or a factor that is not above 0.
    DataError
        A price that is not finite, naming window and bar.

    Examples
    --------
    >>> o, h, low, c = [10.0, 10.4, 10.25], [10.5, 10.6, 10.4], [9.8, 10.2, 10.0], [10.4, 10.25, 10.26]
    >>> labels = structure_labels(np.stack([o, h, low, c], axis=1))
    >>> labels.candle.tolist(), labels.atr.round(6).tolist()
    ([0, 1, 3], [0.0, 0.4, 0.4])
    """
    prices = np.asarray(bars, dtype=np.float64)
    if prices.ndim not in (2, 3) or prices.shape[-1] != 4:
        raise UsageError(f"bars must have shape (n, bars, 4) or (bars, 4) of open high low close, found {prices.shape}")
    if not factor > 0:
        raise UsageError(f"factor={factor} is not above 0")
    if not np.isfinite(prices).all():
        at = np.argwhere(~np.isfinite(prices))[0]
        raise DataError(f"bar {at[:-1].tolist()} holds a price that is not finite")
    windows = prices if prices.ndim == 3 else prices[None]
    shape = windows.shape[:2]
    expansion, swing, candle = (np.zeros(shape, np.int8) for _ in range(3))
    atr = np.zeros(shape)
    step = max(1, _BLOCK // max(1, shape[1]))
    for first in range(0, shape[0], step):
        part = slice(first, first + step)
        # One copy a price: rows of bars next to each other make every pass below contiguous.
        o, h, low, c = (np.ascontiguousarray(windows[part, :, column]) for column in range(4))
        atr[part] = _average_true_range(h, low, c)
        expansion[part] = _expansion(h, low, factor * atr[part])
        swing[part] = _swing(h, low)
        candle[part] = _candle(o, h, low, c)
    if prices.ndim == 2:
        return StructureLabels(expansion[0], swing[0], candle[0], atr[0])
    return StructureLabels(expansion, swing, candle, atr)


def structure_of(bars: Bars, factor: float = 2.0) -> pl.DataFrame:
    """Label every bar of every symbol.

    Parameters
    ----------
    bars : Bars
        Sorted bars with open, high, low and close.
    factor : float
        As in :func:`structure_labels`.

    Returns
    -------
    pl.DataFrame
        ``symbol, ts, expansion_label, swing_label, candle_label`` (Int8), one row a bar.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> structure_of(SyntheticMarket(n_symbols=2, n_bars=50).bars()).shape
    (100, 5)
    """
    starts = symbol_starts(bars.frame)
    prices = bars.frame.select("open", "high", "low", "close").to_numpy()
    parts = [structure_labels(part, factor) for part in np.split(prices, starts[1:])]
    codes = {
        f"{task}_label": np.concatenate([getattr(part, task) for part in parts])
        for task in ("expansion", "swing", "candle")
    }
    return bars.frame.select("symbol", "ts").with_columns(pl.Series(name, code) for name, code in codes.items())


def expansion_factor(bars: Floats, factors: Sequence[float] = FACTORS, low: float = 0.005, high: float = 0.05) -> float:
    """Choose the smallest factor whose share of expansions is at most ``high`` and at least ``low``.

    Parameters
    ----------
    bars : array, shape (n_windows, n_bars, 4) or (n_bars, 4)
        Training bars only.
    factors : sequence of float
        Tried from the smallest.
    low, high : float
        Shares of bars, fractions.

    Raises
    ------
    DataError
        None fits; lists the share of each, so that a factor can be named.
    """
    shares = {factor: float(structure_labels(bars, factor).expansion.mean()) for factor in sorted(factors)}
    for factor, share in shares.items():
        if low <= share <= high:
            return factor
    found = ", ".join(f"{factor:g}: {share:.2%}" for factor, share in shares.items())
    raise DataError(f"no expansion factor gives {low:.1%} to {high:.1%} of bars (found {found}): name one yourself")


def _average_true_range(h: Floats, low: Floats, c: Floats) -> Floats:
    ranges = np.zeros_like(h)
    before = c[:, :-1]
    ranges[:, 1:] = np.maximum(h[:, 1:] - low[:, 1:], np.maximum(abs(h[:, 1:] - before), abs(low[:, 1:] - before)))
    # Summed afresh for each bar, not by a running sum: the value depends on these bars alone.
    total = ranges.copy()
    for lag in range(1, min(_ATR_BARS, h.shape[1])):
        total[:, lag:] += ranges[:, :-lag]
    average: Floats = total / np.clip(np.arange(h.shape[1]), 1, _ATR_BARS)
    return average


def _expansion(h: Floats, low: Floats, margin: Floats) -> Bools:
    highest, lowest = np.full_like(h, np.inf), np.full_like(h, -np.inf)
    highest[:, 1:], lowest[:, 1:] = h[:, :-1], low[:, :-1]
    for lag in range(2, min(_BREAK_BARS, h.shape[1] - 1) + 1):
        np.maximum(highest[:, lag:], h[:, :-lag], out=highest[:, lag:])
        np.minimum(lowest[:, lag:], low[:, :-lag], out=lowest[:, lag:])
    broken: Bools = (h > highest + margin) | (low < lowest - margin)
    return broken


def _swing(h: Floats, low: Floats) -> Codes:
    out = np.zeros(h.shape, np.int8)
    inner = h.shape[1] - 2 * _SWING_SIDE
    if inner <= 0:
        return out
    highest, lowest = h[:, :inner].copy(), low[:, :inner].copy()
    for lag in range(1, 2 * _SWING_SIDE + 1):
        np.maximum(highest, h[:, lag : lag + inner], out=highest)
        np.minimum(lowest, low[:, lag : lag + inner], out=lowest)
    middle = slice(_SWING_SIDE, _SWING_SIDE + inner)
    out[:, middle][low[:, middle] == lowest] = 2
    out[:, middle][h[:, middle] == highest] = 1
    return out


def _candle(o: Floats, h: Floats, low: Floats, c: Floats) -> Codes:
    spread = h - low
    flat = spread <= _FLAT * ((h + low) / 2.0)
    ratio = np.divide(abs(c - o), spread, out=np.zeros_like(o), where=~flat)
    return np.select([ratio < _DOJI, ratio < _NEUTRAL, c > o], [3, 2, 0], 1).astype(np.int8)
