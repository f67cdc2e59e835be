"""Statistical control of accuracy: an exact test on a window, and a CUSUM over all there is.

A margin alone fires by luck: of 48 cells with five forecasts a day about six lie 15 points below their
baseline every day without any drift. Here two tests must agree. The CUSUM's value S has
``P(S > L) <= exp(-L)`` on any one day for any accuracy at or above the baseline (Lundberg), so a limit
that grows with the logarithm of the number of cells keeps all of them together at one level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from augury.core.errors import DataError
from augury.core.typing import Bools, Floats
from augury.proof.drift.thresholds import load_thresholds
from augury.proof.limits import Limits

_CELLS: Final = 48
"""Cells for which ``cusum_limit_48`` was measured."""
TINY: Final = 1e-9
"""Below this a difference is rounding: 0.40 - 0.55 is -0.15000000000000002 in binary."""


def binomial_p(hits: float, n_eff: float, baseline: float) -> float:
    """Chance of at most so many hits when the accuracy is the baseline; one-sided and exact.

    Parts of an outcome that overlapping horizons leave are rounded against an alarm.

    Parameters
    ----------
    hits, n_eff : float
        Outcomes that count, those of h bars 1 / h each.
    baseline : float
        Accuracy without drift, in [0, 1].

    Examples
    --------
    >>> [round(binomial_p(hits, 40, 0.55), 5) for hits in (11, 12)]
    [0.0004, 0.00123]
    """
    from scipy.special import bdtr

    n = math.floor(n_eff + TINY)
    k = min(math.ceil(hits - TINY), n)
    return float(bdtr(float(k), n, float(baseline)))


def cusum_steps(baseline: Floats, step: float) -> tuple[Floats, Floats]:
    """Log likelihood ratio of a miss and of a hit, ``baseline - step`` against ``baseline``.

    A baseline at or below ``step`` cannot fall that far: nothing is added then.

    Parameters
    ----------
    baseline : (n,)
        In [0, 1].
    step : float
        Points of the fall that is looked for, > 0.

    Examples
    --------
    >>> miss, hit = cusum_steps(np.array([0.55]), 0.15)
    >>> round(float(miss[0]), 4), round(float(hit[0]), 4)
    (0.2877, -0.3185)
    """
    # A version that was always right on its report rows would be alarmed by its first miss.
    before = np.clip(np.asarray(baseline, np.float64), TINY, 0.99)
    able = before > step + TINY
    after = np.where(able, before - step, before)
    return np.log1p(-after) - np.log1p(-before), np.log(after) - np.log(before)


def cusum(hits: Bools, weights: Floats, baseline: Floats, step: float) -> float:
    """Return the highest log likelihood ratio of any stretch that ends with the last outcome, at least 0.

    ``S = max(0, S + weight * step)``; the same as the sum less its lowest point so far.

    Parameters
    ----------
    hits : (n,)
        In order of maturity.
    weights : (n,)
        What an outcome counts, 1 / h.
    baseline : (n,)
        Accuracy of the version that said it.
    step : float

    Examples
    --------
    >>> misses = np.zeros(21, dtype=bool)
    >>> round(cusum(misses, np.ones(21), np.full(21, 0.55), 0.15), 3)
    6.041
    """
    if not len(hits) == len(weights) == len(baseline):
        raise DataError(f"{len(hits)} outcomes, {len(weights)} weights and {len(baseline)} baselines do not match")
    miss, hit = cusum_steps(baseline, step)
    walk = np.concatenate([[0.0], np.cumsum(np.where(hits, hit, miss) * weights)])
    return float(walk[-1] - walk.min())


def cusum_limit(cells: int, thresholds: Limits | None = None) -> float:
    """Value that the CUSUM of one of so many cells must exceed.

    Parameters
    ----------
    cells : int
        Judged together on a day, >= 1. More raise the limit by the logarithm of their number.
    thresholds : Limits, optional

    Examples
    --------
    >>> [round(cusum_limit(cells), 2) for cells in (1, 12, 48, 480)]
    [6.0, 6.01, 7.4, 9.7]
    """
    limits = thresholds or load_thresholds()
    return max(limits["test.cusum_limit"], limits["test.cusum_limit_48"] + math.log(max(cells, 1) / _CELLS))


def rejected(cusums: Sequence[float], p_values: Sequence[float], thresholds: Limits | None = None) -> list[bool]:
    """Tell for each cell of a day whether its accuracy fell, all of them held to one level (Holm 1979).

    The cells are taken from the highest CUSUM down; each is held against the limit for the cells that
    are left, and the first that stays below ends it. A rejected cell's window must reject too.

    Parameters
    ----------
    cusums, p_values : sequence of float
        Of :func:`cusum` and :func:`binomial_p`, one a cell.
    thresholds : Limits, optional

    Examples
    --------
    >>> rejected([9.0, 0.2, 7.0], [1e-4, 0.4, 0.02])
    [True, False, False]
    """
    limits = thresholds or load_thresholds()
    found = [False] * len(cusums)
    order = sorted(range(len(cusums)), key=lambda place: -cusums[place])
    for taken, place in enumerate(order):
        if cusums[place] <= cusum_limit(len(cusums) - taken, limits):
            break
        found[place] = p_values[place] < limits["test.window_p"]
    return found
