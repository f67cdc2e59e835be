"""Scores of a series of returns: what was earned, for how much risk, beside what.

Returns are simple, one a bar, fractions. ``per_year`` is the annualisation factor, always stated by
the caller: 252 for daily bars of a stock exchange, 365 for a market that never closes, 52 for weekly
bars. Rows must not overlap: annualising 5-day returns taken every day overstates by about sqrt(5),
and a mean of Sharpe ratios of short windows is not the Sharpe ratio of the whole, so neither is offered.
"""

from __future__ import annotations

import math

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics._rows import NAN, same_rows
from augury.core.metrics.bootstrap import LEVEL, RESAMPLES, block_length, block_sums, percentiles
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Floats

_FLAT = 1e-14
"""A standard deviation below this is rounding of a constant, not risk."""


def annual_return(returns: Floats, per_year: float) -> float:
    """Constant yearly return that ends where the series ends; -1 when everything is lost.

    Examples
    --------
    >>> round(annual_return(np.full(504, 0.0004), 252), 6)
    0.106033
    """
    same_rows("annual_return", returns)
    grown = float(np.prod(1 + returns))
    return grown ** (per_year / len(returns)) - 1 if grown > 0 else -1.0


def annual_volatility(returns: Floats, per_year: float) -> float:
    """Sample sd of the returns times ``sqrt(per_year)``.

    Examples
    --------
    >>> round(annual_volatility(np.array([0.01, -0.01]), 252), 6)
    0.224499
    """
    return _sd(returns) * math.sqrt(per_year)


def sharpe(returns: Floats, per_year: float, risk_free: float = 0.0) -> float:
    """Mean excess over sample sd, times ``sqrt(per_year)``; NaN for returns that never vary.

    Parameters
    ----------
    returns : (n,)
        Simple returns of non-overlapping bars.
    per_year : float
        Annualisation factor.
    risk_free : float
        Return of cash a bar.

    Examples
    --------
    >>> round(sharpe(np.array([0.01, 0.02, -0.01]), 252), 6)
    6.928203
    """
    same_rows("sharpe", returns)
    sd = _sd(returns)
    return float(np.mean(returns) - risk_free) / sd * math.sqrt(per_year) if sd > _FLAT else NAN


def sharpe_intervals(
    returns: Floats,
    per_year: float,
    *,
    block: int | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = DEFAULT_SEED,
) -> list[tuple[float, float] | None]:
    """Intervals of the Sharpe ratios of several series by blocks of days, the same days for all.

    Parameters
    ----------
    returns : (n, k)
        One series a column.
    per_year : float
        Annualisation factor.
    block : int, optional
        Rows a block, default ``n ** (1/3)``; at least the bars a position is held.
    resamples, level, seed
        See :mod:`augury.core.metrics.bootstrap`.

    Returns
    -------
    list of (low, high) or None
        None where the ratio is undefined or there are too few blocks.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(0.001, 0.01, (1000, 1))
    >>> low, high = sharpe_intervals(x, 252)[0]
    >>> low < sharpe(x[:, 0], 252) < high
    True
    """
    n, k = returns.shape
    block = block_length(n, 1) if block is None else min(block, n)
    # Centred first: sums of squares of small numbers lose nothing.
    centre = returns.mean(axis=0)
    moved = returns - centre
    sums = block_sums(np.hstack([moved, moved**2]), block, resamples=resamples, seed=seed, purpose="sharpe") / n
    variance = (sums[:, k:] - sums[:, :k] ** 2) * n / max(n - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = (sums[:, :k] + centre) / np.sqrt(variance) * math.sqrt(per_year)
    values = [sharpe(returns[:, column], per_year) for column in range(k)]
    return [
        percentiles(draws[:, column], value, n / block, level) if math.isfinite(value) else None
        for column, value in enumerate(values)
    ]


def sortino(returns: Floats, per_year: float, target: float = 0.0) -> float:
    """Mean excess over the root of mean squared shortfall below ``target``, times ``sqrt(per_year)``.

    Examples
    --------
    >>> round(sortino(np.array([0.02, -0.01]), 252), 6)
    11.224972
    """
    same_rows("sortino", returns)
    below = math.sqrt(float(np.mean(np.minimum(returns - target, 0) ** 2)))
    return float(np.mean(returns) - target) / below * math.sqrt(per_year) if below > _FLAT else NAN


def drawdowns(returns: Floats) -> Floats:
    """How far below its highest value so far the account stands after each bar, in [-1, 0].

    Examples
    --------
    >>> drawdowns(np.array([0.5, -0.5, 0.0])).tolist()
    [0.0, -0.5, -0.5]
    """
    value = np.cumprod(1 + returns)
    return value / np.maximum(np.maximum.accumulate(value), 1.0) - 1


def max_drawdown(returns: Floats) -> float:
    """Deepest of :func:`drawdowns`, in [-1, 0].

    Examples
    --------
    >>> max_drawdown(np.array([0.5, -0.5, 0.2]))
    -0.5
    """
    same_rows("max_drawdown", returns)
    return float(np.min(drawdowns(returns)))


def calmar(returns: Floats, per_year: float) -> float:
    """Annual return over the size of the deepest drawdown; NaN without a drawdown.

    Examples
    --------
    >>> round(calmar(np.array([0.5, -0.5, 0.5]), 3), 6)
    0.25
    """
    deepest = max_drawdown(returns)
    return annual_return(returns, per_year) / -deepest if deepest < 0 else NAN


def information_ratio(returns: Floats, benchmark: Floats, per_year: float) -> float:
    """Sharpe ratio of what was earned beyond the benchmark.

    Examples
    --------
    >>> round(information_ratio(np.array([0.02, 0.01]), np.array([0.01, 0.01]), 252), 6)
    11.224972
    """
    same_rows("information_ratio", returns, benchmark)
    return sharpe(returns - benchmark, per_year)


def beta(returns: Floats, benchmark: Floats) -> float:
    """Slope on the benchmark; NaN when the benchmark never moves.

    Examples
    --------
    >>> x = np.array([0.01, -0.02, 0.03])
    >>> round(beta(0.5 * x + 0.001, x), 9)
    0.5
    """
    same_rows("beta", returns, benchmark)
    moved = benchmark - benchmark.mean()
    spread = float(moved @ moved)
    return float(moved @ (returns - returns.mean())) / spread if spread > _FLAT**2 * len(returns) else NAN


def alpha(returns: Floats, benchmark: Floats, per_year: float) -> float:
    """Beta-adjusted alpha a year: ``(mean - beta x mean of the benchmark) x per_year`` (Jensen 1968).

    Examples
    --------
    >>> x = np.array([0.01, -0.02, 0.03])
    >>> round(alpha(0.5 * x + 0.001, x, 252), 9)
    0.252
    """
    return (float(np.mean(returns)) - beta(returns, benchmark) * float(np.mean(benchmark))) * per_year


def turnover(traded: Floats, equity: Floats) -> Floats:
    """Value traded over the equity before, per bar; both sides count, so a full round trip is 2.

    Parameters
    ----------
    traded : (n,)
        Money bought plus money sold.
    equity : (n,)
        At the close before, > 0.

    Examples
    --------
    >>> turnover(np.array([50.0, 0.0]), np.array([100.0, 100.0])).tolist()
    [0.5, 0.0]
    """
    same_rows("turnover", traded, equity)
    if not np.all(equity > 0):
        raise DataError(f"turnover needs equity above 0, found {float(np.min(equity))}")
    return np.asarray(traded / equity, dtype=np.float64)


def exposure(long: Floats, short: Floats, equity: Floats) -> tuple[float, float]:
    """Mean gross and mean net exposure as fractions of the equity at the same close.

    Examples
    --------
    >>> exposure(np.array([60.0]), np.array([40.0]), np.array([100.0]))
    (1.0, 0.2)
    """
    same_rows("exposure", long, short, equity)
    return float(np.mean((long + short) / equity)), float(np.mean((long - short) / equity))


def _sd(returns: Floats) -> float:
    return float(np.std(returns, ddof=1)) if len(returns) > 1 else NAN
