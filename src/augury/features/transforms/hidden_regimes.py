"""Calm, usual, wild: a hidden Markov chain of three Gaussian regimes of a symbol's log returns.

Every symbol has a chain of its own, fitted on its bars of the fit slice (``features.markov``). The
probabilities are filtered: that of a bar rests on returns up to that bar and is never smoothed by later
ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl

from augury.core.errors import InsufficientHistory
from augury.core.typing import Json
from augury.features.panel.bar_grid import BarGrid, log_returns
from augury.features.transforms import _markov as markov

COLUMNS: Final = ("hmm_p_calm", "hmm_p_usual", "hmm_p_wild")
ROWS_MIN: Final = 250
"""Returns of the fit slice a symbol needs; fewer say too little about three regimes."""


@dataclass(frozen=True)
class HiddenRegimes:
    """The chains of some symbols.

    Parameters
    ----------
    chains : tuple of (str, Chain)
        Symbol, and its chain; regimes ascend in variance.
    """

    chains: tuple[tuple[str, markov.Chain], ...]

    @classmethod
    def fit(cls, rows: pl.DataFrame) -> Self:
        """Fit a chain for every symbol with at least 250 returns that are not all equal.

        Parameters
        ----------
        rows : pl.DataFrame
            Bars of the fit slice.

        Raises
        ------
        InsufficientHistory
            No symbol has enough.
        """
        grid = BarGrid.of(rows)
        x = grid.spread(log_returns(rows))
        enough = ((~np.isnan(x)).sum(axis=0) >= ROWS_MIN) & (
            np.nanmax(x, axis=0, initial=-1.0) > np.nanmin(x, axis=0, initial=1.0)
        )
        if not enough.any():
            raise InsufficientHistory(f"no symbol of {len(grid.symbols)} has {ROWS_MIN} returns in the fit slice")
        symbols = [symbol for symbol, ready in zip(grid.symbols, enough, strict=True) if ready]
        return cls(tuple(zip(symbols, markov.fit(x[:, enough]), strict=True)))

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the three probabilities at each bar; null at a first bar and for symbols without a chain."""
        grid, chains = BarGrid.of(frame), dict(self.chains)
        known = [k for k, symbol in enumerate(grid.symbols) if symbol in chains]
        x = grid.spread(log_returns(frame))
        found = np.full((*x.shape, 3), np.nan)
        if known:
            found[:, known] = markov.filtered(x[:, known], [chains[grid.symbols[k]] for k in known])
        columns = [grid.gather(found[:, :, k]).alias(name) for k, name in enumerate(COLUMNS)]
        return frame.select("symbol", "ts").hstack(columns)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {"chains": {symbol: chain.to_json() for symbol, chain in self.chains}}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(tuple((symbol, markov.Chain.from_json(chain)) for symbol, chain in value["chains"].items()))


TRANSFORM = HiddenRegimes
