"""Are two forecasters on the same rows really different?"""

from __future__ import annotations

import math
from typing import NamedTuple

from augury.core.metrics._rows import NAN, same_rows
from augury.core.typing import Floats

OUTCOMES_MIN = 10


class DieboldMariano(NamedTuple):
    """``statistic`` below 0: the first has the smaller loss. ``p`` is two-sided; both NaN when undefined."""

    statistic: float
    p: float


def diebold_mariano(loss_a: Floats, loss_b: Floats, horizon_bars: int) -> DieboldMariano:
    """Test that two forecasters have the same expected loss (Diebold and Mariano 1995).

    The variance of the mean difference sums autocovariances to lag h - 1; the statistic carries the
    small-sample factor of Harvey, Leybourne and Newbold (1997). Where the truncated sum is not
    positive, Bartlett weights are used; ours differs from the reference in that fallback and in
    taking p from the normal, so nothing is said below ``OUTCOMES_MIN`` separate outcomes (n / h).

    Parameters
    ----------
    loss_a, loss_b : (n,)
        Losses of the same rows, in time order.
    horizon_bars : int
        h >= 1.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> loss = rng.normal(size=400) ** 2
    >>> diebold_mariano(loss, loss + 0.1 + 0.1 * rng.normal(size=400), 1).p < 0.001
    True
    """
    n = same_rows("diebold_mariano", loss_a, loss_b)
    if n < OUTCOMES_MIN * horizon_bars:
        return DieboldMariano(NAN, NAN)
    difference = loss_a - loss_b
    mean = float(difference.mean())
    centred = difference - mean
    lags = range(1, min(horizon_bars, n))
    covariances = [float(centred[lag:] @ centred[:-lag]) / n for lag in lags]
    own = float(centred @ centred) / n
    variance = own + 2 * sum(covariances)
    if variance <= 0:
        variance = own + 2 * sum((1 - lag / horizon_bars) * c for lag, c in zip(lags, covariances, strict=True))
    factor = (n + 1 - 2 * horizon_bars + horizon_bars * (horizon_bars - 1) / n) / n
    if variance <= 0:
        return DieboldMariano(NAN, NAN)
    statistic = mean / math.sqrt(variance / n) * math.sqrt(factor)
    return DieboldMariano(statistic, math.erfc(abs(statistic) / math.sqrt(2)))
