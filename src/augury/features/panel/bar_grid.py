"""Series of many symbols side by side, each from its first bar: recursions step through all at once.

Row ``t`` of the grid is each symbol's bar number ``t``, whatever its date, so a symbol has the same
values alone and in a panel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from augury.core.errors import UsageError
from augury.core.typing import Floats, Ints
from augury.features.fitted import BAR


@dataclass(frozen=True)
class BarGrid:
    """Where each row of a frame lies.

    Parameters
    ----------
    symbols : tuple of str
        In order of first appearance.
    row, symbol : array of int
        Of each row of the frame.
    """

    symbols: tuple[str, ...]
    row: Ints
    symbol: Ints

    @classmethod
    def of(cls, frame: pl.DataFrame) -> BarGrid:
        """Lay out a frame sorted on (symbol, ts)."""
        if "close" not in frame.columns:
            raise UsageError(f"regimes are read from bars with a close, found columns {frame.columns}")
        names = frame["symbol"].cast(pl.String)
        symbols = names.unique(maintain_order=True)
        at = names.replace_strict(symbols, pl.int_range(symbols.len(), eager=True), return_dtype=pl.Int64).to_numpy()
        row = frame.select(pl.int_range(pl.len()).over("symbol"))[:, 0].to_numpy()
        return cls(tuple(symbols.to_list()), row.astype(np.int64), at.astype(np.int64))

    def spread(self, values: Floats) -> Floats:
        """Put one value a row into ``(bars, symbols)``, NaN behind the end of a symbol."""
        out = np.full((int(self.row.max(initial=-1)) + 1, len(self.symbols)), np.nan)
        out[self.row, self.symbol] = values
        return out

    def gather(self, grid: Floats) -> pl.Series:
        """Read ``(bars, symbols)`` back at the rows of the frame; what is NaN is null."""
        return pl.Series(grid[self.row, self.symbol]).fill_nan(None)


def log_returns(frame: pl.DataFrame) -> Floats:
    """One-bar log returns of a frame's rows; NaN at a symbol's first row and behind a hole of the fit slice."""
    neighbours = pl.col(BAR).diff().over("symbol") == 1 if BAR in frame.columns else pl.lit(value=True)
    moved = pl.when(neighbours).then((pl.col("close") / pl.col("close").shift(1).over("symbol")).log())
    return frame.select(moved)[:, 0].cast(pl.Float64).to_numpy().astype(np.float64)
