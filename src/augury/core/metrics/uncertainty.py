"""How far a figure may be off: intervals in closed form, and how many rows really count."""

from __future__ import annotations

import math

import numpy as np

from augury.core.errors import DataError
from augury.core.typing import Floats, Ints

Z95 = 1.959963984540054
"""Two-sided 95 % of the normal."""


def wilson(hits: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Interval of a share (Wilson 1927), inside [0, 1] also for 0 or n hits.

    Parameters
    ----------
    hits, n : float
        May be fractional: overlapping rows are handed in at what they count.
    z : float
        Normal quantile; larger is wider. 1.96 is 95 %.

    Returns
    -------
    (low, high)
        (0, 1) for n = 0: nothing is known.

    Examples
    --------
    >>> [tuple(round(end, 3) for end in wilson(hits, n)) for hits, n in ((14, 20), (9, 15), (55, 100))]
    [(0.481, 0.855), (0.357, 0.802), (0.452, 0.644)]
    """
    if not 0 <= hits <= n:
        raise DataError(f"{hits} hits of {n} rows is not a share")
    if n == 0:
        return 0.0, 1.0
    share, square = hits / n, z * z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def fisher_interval(r: float, n_eff: float, z: float = Z95) -> tuple[float, float] | None:
    """Interval of a correlation through Fisher's ``atanh``; None with 3 effective rows or fewer.

    Parameters
    ----------
    r : float
        In [-1, 1].
    n_eff : float
        Rows that count; overlapping horizons of h bars count n / h.
    z : float
        Normal quantile; larger is wider.

    Examples
    --------
    >>> [round(end, 4) for end in fisher_interval(0.10, 300)]
    [-0.0134, 0.2109]
    """
    if not -1 <= r <= 1:
        raise DataError(f"{r} is not a correlation")
    if n_eff <= 3:
        return None
    centre = math.atanh(min(max(r, -1 + 1e-15), 1 - 1e-15))
    half = z / math.sqrt(n_eff - 3)
    return math.tanh(centre - half), math.tanh(centre + half)


def noise_floor(names: float, days: float) -> float:
    """Standard error of a mean daily RankIC that is truly 0: ``1 / sqrt(days (names - 1))``.

    Returns are correlated across names, so the real floor lies higher.

    Examples
    --------
    >>> [round(noise_floor(n, d), 4) for n, d in ((500, 250), (100, 250), (88, 419))]
    [0.0028, 0.0064, 0.0052]
    """
    if names <= 1 or days <= 0:
        raise DataError(f"a noise floor needs 2 names and a day, found {names} names on {days} days")
    return 1 / math.sqrt(days * (names - 1))


def effective_rows(returns: Floats, dates: Ints, symbols: Ints, horizon_bars: int) -> float:
    """Rows that count: ``n / h`` over the design effect of symbols that move together.

    Overlapping outcomes of h bars carry one new outcome every h bars. Of m symbols on a date with
    mean correlation rho of their returns, ``m / (1 + (m - 1) rho)`` are independent (Kish 1965);
    rho comes from how much the date's mean standardised return varies, clipped to [0, 1].

    Parameters
    ----------
    returns : (n,)
        Outcomes.
    dates, symbols : (n,)
        Codes 0..k-1 of the row's date and symbol.
    horizon_bars : int
        h >= 1.

    Examples
    --------
    One symbol, then the same symbol under two names:

    >>> x = np.random.default_rng(0).normal(size=100)
    >>> effective_rows(x, np.arange(100), np.zeros(100, int), 5)
    20.0
    >>> round(effective_rows(np.tile(x, 2), np.tile(np.arange(100), 2), np.repeat([0, 1], 100), 5), 2)
    20.0
    """
    n = len(returns)
    names = n / len(np.unique(dates))
    if names <= 1:
        return n / horizon_bars
    spread = _standardised(returns, symbols)
    counts = np.bincount(dates)
    means = np.bincount(dates, weights=spread)[counts > 0] / counts[counts > 0]
    rho = float(np.clip((names * np.mean(means**2) - 1) / (names - 1), 0.0, 1.0))
    return n / horizon_bars / (1 + (names - 1) * rho)


def _standardised(values: Floats, groups: Ints) -> Floats:
    counts = np.maximum(np.bincount(groups), 1)
    centred = values - (np.bincount(groups, weights=values) / counts)[groups]
    sd = np.sqrt(np.bincount(groups, weights=centred**2) / counts)[groups]
    return np.divide(centred, sd, out=np.zeros_like(centred), where=sd > 0)
