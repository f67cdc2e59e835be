"""Bias-corrected and accelerated intervals (BCa) of figures that are skewed: Sharpe ratio, drawdown.

Whole blocks of days are drawn again in a circle (Politis and Romano 1992): every day is drawn equally
often and each resample has exactly n days. The stationary bootstrap, whose blocks have random length,
forgives a wrong length but its variance is that of blocks that do not overlap, half as much again
(Nordman 2009); the length is known here, it follows the horizon
(:func:`~augury.core.metrics.bootstrap.block_length`), so the circle is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Final, TypeAlias

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics._rows import same_rows
from augury.core.metrics.bootstrap import LEVEL, RESAMPLES
from augury.core.metrics.selection import TRADING_DAYS, sharpes
from augury.core.seeds import DEFAULT_SEED, derive
from augury.core.typing import Floats, Ints

JACKKNIFE_BLOCKS_MIN: Final = 5
_NORMAL: Final = NormalDist()
_CHUNK: Final = 100
_Statistic: TypeAlias = Callable[[Floats], Floats]


def block_rows(n: int, block: int, *, resamples: int = RESAMPLES, seed: int = DEFAULT_SEED) -> Ints:
    """Row numbers of resamples in circular blocks, for statistics that depend on the order of days.

    Parameters
    ----------
    n, block : int
        Rows, and rows per block, 1..n.
    resamples, seed : int

    Returns
    -------
    (resamples, n)

    Examples
    --------
    >>> block_rows(6, 3, resamples=2).shape
    (2, 6)
    """
    if not 1 <= block <= n:
        raise DataError(f"a block of {block} does not fit {n} rows")
    stream = np.random.default_rng(derive(seed, "block_rows"))
    starts = stream.integers(0, n, size=(resamples, math.ceil(n / block)))
    rows = (starts[:, :, None] + np.arange(block)) % n
    return np.asarray(rows.reshape(resamples, -1)[:, :n], dtype=np.int64)


def bca(draws: Floats, centre: float, jackknife: Floats, level: float = LEVEL) -> tuple[float, float] | None:
    """Ends of a BCa interval (Efron 1987), second-order correct where percentiles are only first.

    Parameters
    ----------
    draws : (resamples,)
        The statistic on each resample.
    centre : float
        The statistic on the rows themselves.
    jackknife : (blocks,)
        The statistic with each block left out in turn; its skewness is the acceleration.
    level : float
        In (0, 1).

    Returns
    -------
    (low, high) or None
        None with fewer than five blocks, or when every draw lies on one side of the centre.

    Examples
    --------
    >>> [round(end, 2) for end in bca(np.linspace(-1, 1, 1001), 0.0, np.array([-1.0, -0.5, 0.0, 0.5, 1.0]))]
    [-0.95, 0.95]
    """
    below = float(np.mean(draws < centre) + np.mean(draws == centre) / 2)
    if len(jackknife) < JACKKNIFE_BLOCKS_MIN or not 0 < below < 1 or not np.isfinite(draws).all():
        return None
    influence = jackknife.mean() - jackknife
    squares = float(np.sum(influence**2))
    acceleration = float(np.sum(influence**3)) / (6 * squares**1.5) if squares > 0 else 0.0
    shift = _NORMAL.inv_cdf(below)

    def share(z: float) -> float:
        moved = shift + z
        return _NORMAL.cdf(shift + moved / (1 - acceleration * moved))

    z = _NORMAL.inv_cdf((1 + level) / 2)
    low, high = np.quantile(draws, [share(-z), share(z)])
    return float(low), float(high)


def sharpe_interval(
    returns: Floats,
    block: int,
    *,
    periods_per_year: float = TRADING_DAYS,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = DEFAULT_SEED,
) -> tuple[float, float] | None:
    """BCa interval of the annualised Sharpe ratio by day blocks; None with fewer than five blocks.

    Parameters
    ----------
    returns : (n,)
        One a period, in time order, finite.
    block : int
        Periods per block, see :func:`~augury.core.metrics.bootstrap.block_length`.
    periods_per_year : float
        252 for days.
    resamples, level, seed
        See :func:`bca`.

    Examples
    --------
    >>> from augury.core.metrics.performance import sharpe
    >>> returns = 0.001 + 0.01 * np.random.default_rng(0).normal(size=1000)
    >>> low, high = sharpe_interval(returns, 10)
    >>> low < sharpe(returns, 252) < high
    True
    """

    def ratios(paths: Floats) -> Floats:
        return sharpes(paths.T) * math.sqrt(periods_per_year)

    return _interval(returns, block, ratios, resamples, level, seed)


def drawdown_interval(
    returns: Floats, block: int, *, resamples: int = RESAMPLES, level: float = LEVEL, seed: int = DEFAULT_SEED
) -> tuple[float, float] | None:
    """BCa interval of the deepest drawdown, in [-1, 0], by day blocks; None with fewer than five blocks.

    What might have been lost with the same days in another order. Parameters as in :func:`sharpe_interval`.

    Examples
    --------
    >>> returns = 0.0005 + 0.01 * np.random.default_rng(0).normal(size=1000)
    >>> low, high = drawdown_interval(returns, 10)
    >>> -1 < low < high < 0
    True
    """
    return _interval(returns, block, _drawdowns, resamples, level, seed)


def _interval(
    returns: Floats, block: int, statistic: _Statistic, resamples: int, level: float, seed: int
) -> tuple[float, float] | None:
    n = same_rows("a BCa interval", returns)
    rows = block_rows(n, block, resamples=resamples, seed=seed)
    # A hundred paths at a time stay in the cache: a third of the time of one table of all.
    draws = np.concatenate([statistic(returns[part]) for part in np.array_split(rows, math.ceil(resamples / _CHUNK))])
    centre = float(statistic(returns[None, :])[0])
    parts = np.array_split(np.arange(n), n // block)
    left = [float(statistic(np.delete(returns, part)[None, :])[0]) for part in parts] if len(parts) > 1 else []
    return bca(draws, centre, np.array(left), level)


def _drawdowns(paths: Floats) -> Floats:
    wealth = np.cumprod(1 + paths, axis=1)
    peak = np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)
    return np.asarray(np.min(wealth / peak - 1, axis=1), dtype=np.float64)
