"""Scores of expected returns, in the unit of the return (a fraction)."""

from __future__ import annotations

import numpy as np

from augury.core.metrics._rows import NAN, same_rows
from augury.core.typing import Floats


def mae(y: Floats, expected: Floats) -> float:
    """Mean absolute error, >= 0; smaller is better.

    Examples
    --------
    >>> mae(np.array([1.0, 2.0]), np.array([0.5, 2.5]))
    0.5
    """
    same_rows("mae", y, expected)
    return float(np.mean(np.abs(y - expected)))


def rmse(y: Floats, expected: Floats) -> float:
    """Root mean squared error, >= 0; large errors weigh more than in :func:`mae`.

    Examples
    --------
    >>> rmse(np.array([0.0, 0.0]), np.array([3.0, 4.0]))
    3.535...
    """
    same_rows("rmse", y, expected)
    return float(np.sqrt(np.mean((y - expected) ** 2)))


def bias(y: Floats, expected: Floats) -> float:
    """Mean of what was expected minus what came; above 0 is too hopeful.

    Examples
    --------
    >>> bias(np.array([0.0, 0.0]), np.array([1.0, 2.0]))
    1.5
    """
    same_rows("bias", y, expected)
    return float(np.mean(expected - y))


def r2(y: Floats, expected: Floats) -> float:
    """One minus squared error over that of the sample's own mean, at most 1; NaN when the sample never moves.

    For comparison with others only: the mean was not known beforehand, see :func:`r2_vs_zero`.

    Examples
    --------
    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0]))
    0.5
    """
    same_rows("r2", y, expected)
    total = float(np.sum((y - y.mean()) ** 2))
    return 1.0 - float(np.sum((y - expected) ** 2)) / total if np.ptp(y) > 0 else NAN


def r2_vs_zero(y: Floats, expected: Floats) -> float:
    """One minus squared error over that of expecting 0, at most 1; 0 is no better than saying nothing.

    The sample's own mean is no baseline: nobody knew it (Gu, Kelly, Xiu 2020). NaN when nothing moved.

    Examples
    --------
    >>> r2_vs_zero(np.array([0.01, -0.01]), np.array([0.0, 0.0]))
    0.0
    """
    same_rows("r2_vs_zero", y, expected)
    total = float(np.sum(y**2))
    return 1.0 - float(np.sum((y - expected) ** 2)) / total if total > 0 else NAN
