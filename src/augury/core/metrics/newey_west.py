"""Is a mean different from zero when neighbours overlap? The t of Newey and West."""

from __future__ import annotations

import math
from typing import NamedTuple

from augury.core.errors import DataError
from augury.core.metrics._rows import NAN
from augury.core.typing import Floats


class MeanTest(NamedTuple):
    """``mean``, its standard ``error``, ``t`` and the two-sided ``p``; error, t and p are NaN without spread."""

    mean: float
    error: float
    t: float
    p: float


def newey_west(values: Floats, horizon_bars: int) -> MeanTest:
    """Test that the mean of a series is 0, with autocovariances to lag h - 1 (Newey and West 1987).

    Bartlett weights ``1 - l / h`` keep the variance positive; p is that of the normal. For h = 1 it
    is the ordinary t, apart from dividing by n in place of n - 1.

    Parameters
    ----------
    values : (n,)
        In time order, finite, e.g. a RankIC a day.
    horizon_bars : int
        h >= 1: outcomes of h bars overlap up to h - 1 rows apart. Larger is more careful.

    Raises
    ------
    DataError
        Fewer than 2 rows, h < 1, or values that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.random.default_rng(0).normal(size=2000)
    >>> overlapping = np.convolve(steps, np.ones(5), "valid")
    >>> round(newey_west(overlapping, 1).error / newey_west(overlapping, 5).error, 1)
    0.5
    """
    n = len(values)
    if n < 2 or horizon_bars < 1 or not math.isfinite(float(values.sum())):
        raise DataError(f"newey_west was asked of {n} rows at h={horizon_bars}; it needs 2 finite rows and h >= 1")
    mean = float(values.mean())
    centred = values - mean
    long_run = float(centred @ centred) / n
    for lag in range(1, min(horizon_bars, n)):
        long_run += 2 * (1 - lag / horizon_bars) * float(centred[lag:] @ centred[:-lag]) / n
    if long_run <= 0:
        return MeanTest(mean, NAN, NAN, NAN)
    error = math.sqrt(long_run / n)
    return MeanTest(mean, error, mean / error, math.erfc(abs(mean / error) / math.sqrt(2)))
