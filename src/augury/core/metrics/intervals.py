"""Scores of bands, quantiles and whole distributions."""

from __future__ import annotations

import math

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics._rows import same_rows
from augury.core.typing import Floats


def covered(y: Floats, low: Floats, high: Floats) -> Floats:
    """1.0 where the outcome lies in the band, ends included, else 0.0."""
    same_rows("coverage", y, low, high)
    return ((y >= low) & (y <= high)).astype(np.float64)


def coverage(y: Floats, low: Floats, high: Floats) -> float:
    """Share of outcomes in the band, in [0, 1]; an honest 80 % band covers 0.80, not more.

    Examples
    --------
    >>> coverage(np.array([0.0, 2.0]), np.full(2, -1.0), np.full(2, 1.0))
    0.5
    """
    return float(np.mean(covered(y, low, high)))


def width(low: Floats, high: Floats) -> float:
    """Mean width of the band, >= 0: coverage is free for who makes it wide.

    Examples
    --------
    >>> width(np.array([-1.0, 0.0]), np.array([1.0, 1.0]))
    1.5
    """
    same_rows("width", low, high)
    return float(np.mean(high - low))


def winklers(y: Floats, low: Floats, high: Floats, level: float) -> Floats:
    """Width plus ``2 / (1 - level)`` times the miss, row by row."""
    same_rows("winkler", y, low, high)
    _inside("level", level)
    return high - low + 2 / (1 - level) * (np.maximum(low - y, 0) + np.maximum(y - high, 0))


def winkler(y: Floats, low: Floats, high: Floats, level: float) -> float:
    """Mean interval score, >= 0; smallest in expectation for the true quantiles (Winkler 1972).

    Parameters
    ----------
    y, low, high : (n,)
        Outcome and ends of the band.
    level : float
        Nominal coverage in (0, 1), 0.80 for q10..q90.

    Examples
    --------
    >>> round(winkler(np.array([0.0, 2.0]), np.full(2, -1.0), np.full(2, 1.0), 0.8), 9)
    7.0
    """
    return float(np.mean(winklers(y, low, high, level)))


def pinballs(y: Floats, quantile: Floats, level: float) -> Floats:
    """Quantile loss row by row: ``level`` times what lies above plus ``1 - level`` times what lies below."""
    same_rows("pinball", y, quantile)
    _inside("level", level)
    return np.maximum(level * (y - quantile), (level - 1) * (y - quantile))


def pinball(y: Floats, quantile: Floats, level: float) -> float:
    """Mean quantile loss, >= 0; smallest in expectation for the true quantile.

    Examples
    --------
    >>> pinball(np.array([1.0, -1.0]), np.zeros(2), 0.75)
    0.5
    """
    return float(np.mean(pinballs(y, quantile, level)))


def crps_normal(y: Floats, mean: Floats, sd: Floats) -> float:
    """Mean continuous ranked probability score of a normal, >= 0, in the unit of ``y``.

    Gneiting and Raftery 2007: ``sd (z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi))``.

    Examples
    --------
    >>> round(crps_normal(np.zeros(1), np.zeros(1), np.ones(1)), 6)
    0.233695
    """
    same_rows("crps_normal", y, mean, sd)
    z = (y - mean) / sd
    twice_cdf_less_1 = np.array([math.erf(value) for value in z / math.sqrt(2)])
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return float(np.mean(sd * (z * twice_cdf_less_1 + 2 * density - 1 / math.sqrt(math.pi))))


def crps_draws(y: Floats, draws: Floats) -> float:
    """Mean continuous ranked probability score of an empirical distribution, >= 0.

    ``E|X - y| - E|X - X'| / 2`` over the draws; one draw is the absolute error.

    Parameters
    ----------
    y : (n,)
        Outcomes.
    draws : (n, m)
        Equally likely values for each row.

    Examples
    --------
    >>> crps_draws(np.array([0.0]), np.array([[-1.0, 1.0]]))
    0.5
    """
    same_rows("crps_draws", y, draws)
    m = draws.shape[1]
    distance = np.abs(draws - y[:, None]).mean(axis=1)
    # Sorted, the mean distance between two draws is a weighted sum: no m x m table.
    spread = np.sort(draws, axis=1) @ (2 * np.arange(1, m + 1) - m - 1) / m**2
    return float(np.mean(distance - spread))


def pit(y: Floats, quantiles: Floats, levels: Floats) -> Floats:
    """Place of each outcome in its own forecast distribution; uniform when calibrated.

    Parameters
    ----------
    y : (n,)
        Outcomes.
    quantiles : (n, k)
        Ascending in each row.
    levels : (k,)
        Ascending levels in (0, 1).

    Returns
    -------
    (n,)
        Linear between the quantiles; outside the ladder the outermost level, since nothing was
        said beyond it.

    Examples
    --------
    >>> pit(np.array([0.0, -9.0]), np.array([[-1.0, 1.0]] * 2), np.array([0.1, 0.9])).tolist()
    [0.5, 0.1]
    """
    same_rows("pit", y, quantiles)
    return np.array([np.interp(value, row, levels) for value, row in zip(y, quantiles, strict=True)])


def _inside(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise DataError(f"{name}={value} is outside (0, 1)")
