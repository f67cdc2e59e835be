"""What is the best of many worth? Sharpe ratios and mean coefficients, deflated by the number of trials.

A series is one value a period (a return of a strategy, a day's RankIC); its Sharpe ratio is mean over
standard deviation **per period**, so that the same rulers serve both.
"""

from __future__ import annotations

import math
from itertools import combinations
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics._rows import NAN
from augury.core.typing import Floats

BLOCKS: Final = 10
TRADING_DAYS: Final = 252
EULER: Final = 0.5772156649015329
_NORMAL: Final = NormalDist()
_FLAT: Final = 1e-12


class Moments(NamedTuple):
    """Of one series: ``sharpe`` per period, ``skew``, ``kurtosis`` (3 for a normal), ``n`` periods."""

    sharpe: float
    skew: float
    kurtosis: float
    n: int


class Overfitting(NamedTuple):
    """``pbo``: share of splits in which the best trial inside falls below the median outside."""

    pbo: float
    splits: int
    trials: int
    periods: int


def moments(series: Floats) -> Moments:
    """Measure a series; the Sharpe ratio of one without spread is NaN.

    Examples
    --------
    >>> moments(np.array([1.0, 3.0]))
    Moments(sharpe=1.414..., skew=0.0, kurtosis=1.0, n=2)
    """
    n = len(series)
    if n < 2 or not np.isfinite(series).all():
        raise DataError(
            f"a Sharpe ratio needs 2 finite periods, found {n} with {int((~np.isfinite(series)).sum())} not"
        )
    centred = series - series.mean()
    variance = float(np.mean(centred**2))
    if variance <= (_FLAT * float(np.abs(series).max())) ** 2:
        return Moments(NAN, NAN, NAN, n)
    sharpe = float(series.mean()) / math.sqrt(variance * n / (n - 1))
    return Moments(sharpe, float(np.mean(centred**3)) / variance**1.5, float(np.mean(centred**4)) / variance**2, n)


def sharpes(table: Floats) -> Floats:
    """Sharpe ratio per period of each column of a (periods, trials) table; 0 where nothing ever moved.

    Examples
    --------
    >>> sharpes(np.array([[1.0, 0.0], [3.0, 0.0]])).round(3).tolist()
    [1.414, 0.0]
    """
    mean, spread = table.mean(axis=0), table.std(axis=0, ddof=1)
    moved = spread > _FLAT * np.abs(table).max(axis=0)
    return np.asarray(np.divide(mean, spread, out=np.zeros_like(mean), where=moved), dtype=np.float64)


def expected_best(trials: int) -> float:
    """Standard errors by which the best of N trials without skill is expected to exceed 0.

    ``(1 - g) z(1 - 1/N) + g z(1 - 1/(N e))``, g = 0.5772 (Bailey and López de Prado 2014).

    Parameters
    ----------
    trials : int
        N >= 1 independent trials; correlated ones count for fewer.

    Examples
    --------
    >>> [round(expected_best(n), 3) for n in (1, 10, 200)]
    [0.0, 1.575, 2.766]
    """
    if trials < 1:
        raise DataError(f"the best of {trials} trials does not exist; at least 1 was scored")
    if trials == 1:
        return 0.0
    below = _NORMAL.inv_cdf(1 - 1 / trials), _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return (1 - EULER) * below[0] + EULER * below[1]


def best_sharpe_of_noise(trials: int, variance: float) -> float:
    """SR0: the Sharpe ratio per period that the best of N trials without skill is expected to show.

    Parameters
    ----------
    trials : int
        N >= 1.
    variance : float
        V, of the Sharpe ratios per period across the trials; 1/T when every trial is noise of T periods.

    Examples
    --------
    >>> [round(best_sharpe_of_noise(n, 1 / 1250) * math.sqrt(252), 3) for n in (10, 100, 200, 1000)]
    [0.707, 1.136, 1.242, 1.462]
    """
    return math.sqrt(variance) * expected_best(trials)


def probabilistic_sharpe(
    sharpe: float, n: int, *, skew: float = 0.0, kurtosis: float = 3.0, benchmark: float = 0.0
) -> float:
    """PSR: probability that the true Sharpe ratio exceeds a benchmark (Bailey and López de Prado 2012).

    ``Phi((SR - SR0) sqrt(T - 1) / sqrt(1 - skew SR + (kurtosis - 1) / 4 SR^2))``.

    Parameters
    ----------
    sharpe, benchmark : float
        Per period.
    n : int
        T periods, >= 2.
    skew, kurtosis : float
        Of the periods; 0 and 3 for a normal. Losses with a long tail make the answer smaller.

    Examples
    --------
    >>> year = 1 / math.sqrt(252)
    >>> round(probabilistic_sharpe(year, 1250), 5), round(probabilistic_sharpe(year, 1250, skew=-1, kurtosis=6), 5)
    (0.98693, 0.98439)
    """
    if n < 2:
        raise DataError(f"a Sharpe ratio of {n} periods has no error; it needs at least 2")
    spread = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if not spread > 0:
        return NAN
    return _NORMAL.cdf((sharpe - benchmark) * math.sqrt(n - 1) / math.sqrt(spread))


def deflated_sharpe(series: Floats, trials: int, variance: float | None = None) -> float:
    """DSR: probability that the best of N trials is better than the best of N without skill.

    PSR against SR0; below 0.95 the series is refused as luck. NaN for a series without spread.

    Parameters
    ----------
    series : (T,)
        Of the trial that was chosen.
    trials : int
        N, every configuration that was scored.
    variance : float, optional
        V across the trials; 1/T when only their number is known.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(750, 200))
    >>> best = noise[:, int(np.argmax(sharpes(noise)))]
    >>> deflated_sharpe(best, 1) > 0.95, deflated_sharpe(best, 200) > 0.95
    (True, False)
    """
    of = moments(series)
    if math.isnan(of.sharpe):
        return NAN
    benchmark = best_sharpe_of_noise(trials, 1 / of.n if variance is None else variance)
    return probabilistic_sharpe(of.sharpe, of.n, skew=of.skew, kurtosis=of.kurtosis, benchmark=benchmark)


def overfitting(table: Floats, blocks: int = BLOCKS) -> Overfitting:
    """PBO by combinatorially symmetric cross-validation (Bailey, Borwein, López de Prado, Zhu 2017).

    The periods are cut into blocks; in each choice of half of them (252 of 10) the best trial inside
    is ranked among all trials outside. 0.5 is what trials without skill give; near 0 the choice holds.
    Sharpe ratios come from sums of blocks, so no split copies the table; ties share the average rank.

    Parameters
    ----------
    table : (periods, trials)
        Same periods for every trial, in time order, finite; at least 2 trials and 2 periods a block.
    blocks : int
        Even; more gives more splits of shorter blocks.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(750, 50))
    >>> noise[:, 7] += 0.3
    >>> overfitting(noise).pbo, overfitting(noise).splits
    (0.0, 252)
    """
    periods, trials = table.shape
    if blocks % 2 or blocks < 2 or trials < 2 or periods < 2 * blocks or not np.isfinite(table).all():
        raise DataError(
            f"PBO was asked of {trials} trials over {periods} periods in {blocks} blocks; it needs 2 trials, an even"
            " number of blocks, 2 periods in each, finite values"
        )
    scale = table.std(axis=0)
    scaled = table / np.where(scale > 0, scale, 1.0)
    starts = [len(part) for part in np.array_split(np.arange(periods), blocks)]
    edges = np.concatenate([[0], np.cumsum(starts)[:-1]])
    sums, squares = np.add.reduceat(scaled, edges, axis=0), np.add.reduceat(scaled**2, edges, axis=0)
    halves = list(combinations(range(blocks), blocks // 2))
    inside = np.zeros((len(halves), blocks))
    np.put_along_axis(inside, np.array(halves), 1.0, axis=1)
    lengths = np.array(starts, dtype=np.float64)
    ratio_in = _ratios(inside @ sums, inside @ squares, inside @ lengths)
    outside = 1.0 - inside
    ratio_out = _ratios(outside @ sums, outside @ squares, outside @ lengths)
    best = ratio_in.argmax(axis=1)
    own = ratio_out[np.arange(len(halves)), best][:, None]
    rank = (ratio_out < own).sum(axis=1) + ((ratio_out == own).sum(axis=1) + 1) / 2
    # On the median exactly is no better than a coin: counted as overfitted.
    return Overfitting(float(np.mean(rank / (trials + 1) <= 0.5)), len(halves), trials, periods)


def _ratios(sums: Floats, squares: Floats, periods: Floats) -> Floats:
    n = periods[:, None]
    mean = sums / n
    variance = (squares - n * mean**2) / (n - 1)
    return np.divide(mean, np.sqrt(np.maximum(variance, 0)), out=np.zeros_like(mean), where=variance > _FLAT)
