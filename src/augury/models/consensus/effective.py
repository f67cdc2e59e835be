"""How many independent voices there are among several that may only echo each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np

from augury.core.errors import DataError
from augury.core.typing import Floats

PRIOR: Final = 0.8
"""Correlation assumed between sources: they are made from the same prices."""
SHRINKAGE: Final = 0.2
DAYS_MIN: Final = 20
"""Days both sources spoke on before their correlation is measured at all."""


def effective_sources(weights: Floats, correlation: Floats) -> float:
    """Effective number of sources, ``(sum w)^2 / (w' R w)``: 1 for copies, their number for strangers.

    Parameters
    ----------
    weights : (n,)
        >= 0, at least one above 0; need not sum to 1.
    correlation : (n, n)
        R, ones on its diagonal.

    Raises
    ------
    DataError
        No weight is above 0, or the matrix has another size.

    Examples
    --------
    >>> def same(rho): return np.full((3, 3), rho) + (1 - rho) * np.eye(3)
    >>> [round(effective_sources(np.ones(3), same(rho)), 3) for rho in (0.0, 0.5, 0.8, 1.0)]
    [3.0, 1.5, 1.154, 1.0]
    >>> round(effective_sources(np.array([0.6, 0.3, 0.1]), same(0.5)), 3)
    1.37
    """
    if correlation.shape != (len(weights), len(weights)) or not weights.sum() > 0:
        raise DataError(f"{len(weights)} weights {weights} and a {correlation.shape} correlation name no sources")
    return float(weights.sum() ** 2 / (weights @ correlation @ weights))


def correlations(histories: Sequence[Mapping[date, float]]) -> Floats:
    """Correlation of the sources' past signed scores, shrunk by a fifth toward 0.8.

    Two sources with fewer than 20 days in common, or one that never moved, get the prior. Shrinking may only
    bring sources together: of copies the measured 1 stays, for the prior knows nothing that could part them.

    Parameters
    ----------
    histories : sequence of mapping
        Day to signed score (bullish less bearish probability), one mapping a source.

    Examples
    --------
    >>> days = [date(2026, 1, day) for day in range(1, 31)]
    >>> wave = {day: np.sin(day.day) for day in days}
    >>> correlations([wave, dict(wave), {}]).round(3).tolist()
    [[1.0, 1.0, 0.8], [1.0, 1.0, 0.8], [0.8, 0.8, 1.0]]
    """
    found = np.eye(len(histories))
    for i, one in enumerate(histories):
        for j in range(i):
            found[i, j] = found[j, i] = _pair(one, histories[j])
    return found


def _pair(one: Mapping[date, float], other: Mapping[date, float]) -> float:
    days = sorted(one.keys() & other.keys())
    if len(days) < DAYS_MIN:
        return PRIOR
    a, b = (np.array([series[day] for day in days]) for series in (one, other))
    if np.array_equal(a, b):
        return 1.0
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return PRIOR
    measured = min(1.0, float(np.corrcoef(a, b)[0, 1]))
    return max(measured, (1 - SHRINKAGE) * measured + SHRINKAGE * PRIOR)
