"""Walk forward with a series member: fitted on the past, asked about every bar, fitted again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from augury.core.errors import UsageError
from augury.core.typing import Bools, Floats, Ints
from augury.models.series import Distribution, PriceSeries
from augury.models.statistical import SeriesMember


@dataclass(frozen=True)
class Rolled:
    """What a member said bar after bar, and what followed.

    Parameters
    ----------
    rows : array (m,)
        Places of the bars it spoke at.
    said : Distribution
        Of the h-bar log return, one a row.
    outcome : array (m,)
        The log return that followed; NaN where it has not yet.
    n_fits : int
    """

    rows: Ints
    said: Distribution
    outcome: Floats
    n_fits: int

    @property
    def matured(self) -> Bools:
        """Rows whose outcome is known."""
        return np.isfinite(self.outcome)

    def coverage(self, level: float) -> float:
        """Share of known outcomes in the central band of a level in (0, 1)."""
        low, high = self.said.band(level)
        inside = (self.outcome >= low) & (self.outcome <= high)
        return float(inside[self.matured].mean())


def rolling(
    make: Callable[[], SeriesMember], series: PriceSeries, horizon_bars: int, *, first: int, refit_every: int = 63
) -> Rolled:
    """Ask a member at every bar from ``first`` on, with parameters of bars that had closed by then.

    Parameters
    ----------
    make : callable
        Returns a new, unfitted member: no state passes from one fit to the next.
    series : PriceSeries
    horizon_bars : int
        Bars ahead, at least 1.
    first : int
        Place of the first bar asked about; the bars up to it are the first fit.
    refit_every : int
        Bars between two fits, default 63 (a quarter); smaller follows faster and costs more.

    Examples
    --------
    >>> from augury.models.statistical.trend_season import TrendSeason
    >>> series = PriceSeries.of_returns(0.01 * np.random.default_rng(0).normal(size=700))
    >>> rolled = rolling(TrendSeason, series, 5, first=600, refit_every=50)
    >>> len(rolled.rows), rolled.n_fits, int(rolled.matured.sum())
    (101, 3, 96)
    """
    if refit_every < 1 or not 0 < first < len(series):
        raise UsageError(f"first={first}, refit_every={refit_every} do not fit a series of {len(series)} bars")
    parts = []
    for start in range(first, len(series), refit_every):
        rows = np.arange(start, min(start + refit_every, len(series)))
        member = make().fit(series.until(start + 1))
        parts.append(member.predict_distribution(series.until(int(rows[-1]) + 1), rows, horizon_bars))
    rows = np.arange(first, len(series))
    return Rolled(rows, Distribution.joined(parts), series.forward(horizon_bars)[rows], len(parts))
