"""The rows a score is made on: how many count, and how to draw them again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np

from augury.core.errors import InsufficientHistory
from augury.core.metrics.bootstrap import block_length, block_sums, percentiles
from augury.core.metrics.uncertainty import effective_rows, wilson
from augury.core.tables import LabelledTable
from augury.core.typing import Codes, Floats, Ints

BLOCKS_MIN: Final = 5
"""With fewer blocks than this, drawing blocks again says nothing: no interval is given."""
Interval: TypeAlias = tuple[float, float] | None


@dataclass(frozen=True)
class Sample:
    """Outcomes of a slice, with the dependence between them.

    Rows of the same date stand or fall together and outcomes of h bars overlap, so whole dates are
    drawn in blocks of at least h dates. With one symbol a date is a row.

    Parameters
    ----------
    y : (n,)
        Label codes.
    returns : (n,)
        Simple returns over the horizon.
    dates : (n,)
        0..k-1 in order of time.
    n_eff : float
        Rows that count, see :func:`augury.core.metrics.uncertainty.effective_rows`.
    horizon_bars : int
    seed : int
    """

    y: Codes
    returns: Floats
    dates: Ints
    n_eff: float
    horizon_bars: int
    seed: int

    @classmethod
    def of(cls, table: LabelledTable, seed: int) -> Sample:
        """Read the outcomes of a table of known labels.

        Raises
        ------
        InsufficientHistory
            The table has no rows.
        LeakError
            A label is not known yet.
        """
        if not len(table):
            raise InsufficientHistory("a slice without rows cannot be scored (insufficient_history need=1 have=0)")
        dates = np.unique(table.frame["ts"].to_physical().to_numpy(), return_inverse=True)[1].astype(np.int64)
        symbols = np.unique(table.frame["symbol"].to_numpy(), return_inverse=True)[1].astype(np.int64)
        returns, horizon = table.forward_returns, table.spec.horizon_bars
        return cls(table.y, returns, dates, effective_rows(returns, dates, symbols, horizon), horizon, seed)

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.y)

    @cached_property
    def block(self) -> int:
        """Dates per block."""
        return block_length(int(self.dates.max()) + 1, self.horizon_bars)

    def interval(self, purpose: str, columns: Floats, statistic: Callable[[Floats], Floats]) -> Interval:
        """95 % interval of a statistic of column sums; None with fewer than ``BLOCKS_MIN`` blocks.

        Parameters
        ----------
        purpose : str
            Names the random stream.
        columns : (n, k)
            What is summed.
        statistic : callable
            ``(resamples, k)`` sums to ``(resamples,)`` values.
        """
        count = int(self.dates.max()) + 1
        if count < BLOCKS_MIN * self.block:
            return None
        daily = np.zeros((count, columns.shape[1]))
        np.add.at(daily, self.dates, columns)
        draws = statistic(block_sums(daily, self.block, seed=self.seed, purpose=purpose))
        return percentiles(draws, float(statistic(daily.sum(axis=0)[None, :])[0]), count / self.block)

    def mean_interval(self, purpose: str, values: Floats) -> Interval:
        """95 % interval of a mean over the rows."""
        columns = np.column_stack([values, np.ones(self.n)])
        return self.interval(purpose, columns, lambda sums: np.asarray(sums[:, 0] / sums[:, 1]))

    def share_interval(self, share: float, counted: int) -> Interval:
        """Wilson interval of a share of ``counted`` rows, at the number of rows that count."""
        n_eff = self.n_eff * counted / self.n
        return wilson(share * n_eff, n_eff)
