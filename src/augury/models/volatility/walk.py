"""Which volatility model is better on bars it had not seen?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from augury.core.errors import UsageError
from augury.core.metrics.comparison import DieboldMariano, diebold_mariano
from augury.core.typing import Floats, Ints
from augury.models.volatility.models import VolatilityModel
from augury.models.volatility.ranges import RangeSeries


def qlike(realised: Floats, variance: Floats) -> Floats:
    """Loss of a variance forecast, row by row: ``ln f + realised / f``.

    Smallest in expectation for the true variance whatever the noise of ``realised``, as long as it
    is unbiased (Patton 2011); a squared return of 0 is allowed. Larger when too small than when too
    large, as it hurts who sizes by it.

    Examples
    --------
    >>> qlike(np.ones(3), np.array([0.5, 1.0, 2.0])).round(3).tolist()
    [1.307, 1.0, 1.193]
    """
    return np.log(variance) + realised / variance


@dataclass(frozen=True)
class Walked:
    """Forecasts made bar after bar with parameters of the past, and what followed.

    Parameters
    ----------
    rows : array (m,)
        Places of the bars; only those whose outcome is known.
    variance, realised : array (m,)
        Per bar over the horizon: forecast, and mean squared return.
    horizon_bars : int
    """

    rows: Ints
    variance: Floats
    realised: Floats
    horizon_bars: int

    @property
    def losses(self) -> Floats:
        """QLIKE of each row."""
        return qlike(self.realised, self.variance)

    def against(self, other: Walked) -> DieboldMariano:
        """Diebold-Mariano of the losses; a statistic below 0 says that this one is better."""
        if not np.array_equal(self.rows, other.rows) or self.horizon_bars != other.horizon_bars:
            raise UsageError("two walks are compared on the same bars and the same horizon")
        return diebold_mariano(self.losses, other.losses, self.horizon_bars)


def walk_forward(
    make: Callable[[int], VolatilityModel],
    series: RangeSeries,
    horizon_bars: int = 1,
    *,
    first: int,
    refit_every: int = 63,
) -> Walked:
    """Forecast at every bar from ``first`` on, fitted again every ``refit_every`` bars on all bars so far.

    Parameters
    ----------
    make : callable
        Takes the horizon, returns an unfitted model: ``Har`` itself, for one.
    series : RangeSeries
    horizon_bars : int
        At least 1.
    first : int
        Place of the first bar asked about.
    refit_every : int
        Default 63, a quarter of daily bars.
    """
    if refit_every < 1 or not 0 < first < len(series) - horizon_bars:
        raise UsageError(f"first={first}, refit_every={refit_every} do not fit a series of {len(series)} bars")
    rows = np.arange(first, len(series) - horizon_bars)
    variance = np.full(len(series), np.nan)
    for start in range(first, len(series) - horizon_bars, refit_every):
        stop = min(start + refit_every, len(series) - horizon_bars)
        said = make(horizon_bars).fit(series.until(start + 1)).predict(series.until(stop))
        variance[start:stop] = said[start:]
    return Walked(rows, variance[rows], series.realised(horizon_bars)[rows], horizon_bars)
