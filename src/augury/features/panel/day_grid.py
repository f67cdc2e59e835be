"""The panel as a grid, days down and symbols across: who stood where on the same day.

    grid = DayGrid.of(bars.frame)
    closes = grid.spread(bars.frame["close"])     # (days, symbols), NaN where a symbol has no bar
    moves = past_return(closes, 1)                # between neighbouring days, never across a gap

A symbol that did not trade keeps its days: they are there and unknown. A row of the grid depends on the
bars of its day and earlier days only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from augury.core.typing import Floats, Ints

NAMES_MIN: Final = 3
"""Symbols that must trade for a day to count as one of the market: a stray bar does not make a session."""


@dataclass(frozen=True)
class DayGrid:
    """Where each row of a long frame lies in the grid.

    Parameters
    ----------
    days : pl.Series
        The sessions, ascending.
    symbols : tuple of str
        Sorted.
    day, symbol : array of int
        Of each row of the frame; ``day`` is -1 on a day that is no session.
    """

    days: pl.Series
    symbols: tuple[str, ...]
    day: Ints
    symbol: Ints

    @classmethod
    def of(cls, frame: pl.DataFrame, *, least: int = 1) -> DayGrid:
        """Lay out a frame.

        Parameters
        ----------
        frame : pl.DataFrame
            ``symbol`` and ``ts``, unique together, in any order.
        least : int
            Symbols a day must have to be a session; default 1.

        Examples
        --------
        >>> frame = pl.DataFrame({"symbol": ["B", "A", "A"], "ts": [1, 1, 2]})
        >>> grid = DayGrid.of(frame)
        >>> grid.symbols, grid.spread(pl.Series([3.0, 1.0, 2.0])).tolist()
        (('A', 'B'), [[1.0, 3.0], [2.0, nan]])
        """
        days, day = np.unique(frame["ts"].to_physical().to_numpy(), return_inverse=True)
        names = frame["symbol"].cast(pl.String)
        symbols = names.unique().sort()
        symbol = names.replace_strict(symbols, pl.int_range(symbols.len(), eager=True), return_dtype=pl.Int64)
        held = np.bincount(day, minlength=len(days)) >= least
        place = np.where(held, np.cumsum(held) - 1, -1)
        moments = pl.Series("ts", days[held]).cast(frame.schema["ts"])
        return cls(moments, tuple(symbols.to_list()), place[day].astype(np.int64), symbol.to_numpy().astype(np.int64))

    @property
    def shape(self) -> tuple[int, int]:
        """Days and symbols."""
        return len(self.days), len(self.symbols)

    def spread(self, values: pl.Series) -> Floats:
        """Put a column of the frame into the grid as float64, NaN where there is no value."""
        out = np.full(self.shape, np.nan)
        on = self.day >= 0
        out[self.day[on], self.symbol[on]] = values.cast(pl.Float64).to_numpy()[on]
        return out

    def gather(self, grid: Floats) -> pl.Series:
        """Read a grid, or one value a day, back at the rows of the frame; what is NaN is null."""
        if not len(self.days):
            return pl.Series([None] * len(self.day), dtype=pl.Float64)
        found = grid[self.day] if grid.ndim == 1 else grid[self.day, self.symbol]
        return pl.Series(np.where(self.day >= 0, found, np.nan)).fill_nan(None)


def past_return(closes: Floats, sessions: int) -> Floats:
    """Return over the last sessions by date; NaN where either close is missing.

    Parameters
    ----------
    closes : array (days, symbols) or (days,)
    sessions : int
        How many days back, at least 1.
    """
    out = np.full_like(closes, np.nan)
    out[sessions:] = closes[sessions:] / closes[:-sessions] - 1.0
    return out


def lagged(values: Floats, sessions: int) -> Floats:
    """Values some sessions ago; NaN before there are any."""
    out = np.full_like(values, np.nan)
    out[sessions:] = values[: max(0, len(values) - sessions)]
    return out


def trailing_sd(values: Floats, sessions: int) -> Floats:
    """Sample standard deviation over the last sessions, each window by itself; NaN where one is unknown."""
    out = np.full_like(values, np.nan)
    if len(values) >= sessions:
        windows = np.lib.stride_tricks.sliding_window_view(values, sessions, axis=0)
        centred = windows - windows.mean(axis=-1, keepdims=True)
        out[sessions - 1 :] = np.sqrt((centred * centred).sum(axis=-1) / (sessions - 1))
    return out


def total_across(values: Floats) -> Floats:
    """Sum of the known values of each day, in the order of the symbols.

    One after the other: numpy's own sum goes in pairs, so that a symbol which lists years later
    would change the last bit of today's.
    """
    out = np.zeros(len(values))
    for column in np.where(np.isnan(values), 0.0, values).T:
        out += column
    return out


def count_across(values: Floats) -> Ints:
    """How many values of each day are known."""
    out: Ints = (~np.isnan(values)).sum(axis=1).astype(np.int64)
    return out
