"""Correlation of the columns of a window in which not every value is known."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from augury.core.typing import Floats, Ints
from augury.features.panel.day_grid import NAMES_MIN, count_across, total_across

_NOTHING: Final = 1e-24
"""A variance below this fraction of the mean square is rounding: the column did not move."""
_DECIMALS: Final = 12
"""Results are rounded so that no edge depends on how a processor orders its sums."""


def correlations(window: Floats, weights: Floats, common_min: int) -> Floats:
    """Correlate every two columns over the rows both know.

    Parameters
    ----------
    window : array (rows, columns)
        NaN where unknown.
    weights : array (rows,)
        How much each row counts.
    common_min : int
        Rows two columns must share.

    Returns
    -------
    array (columns, columns)
        NaN where too little is shared, or a column did not move.

    Examples
    --------
    >>> x = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, np.nan], [4.0, 0.0]])
    >>> correlations(x, np.ones(4), 3).round(4).tolist()
    [[1.0, -0.982], [-0.982, 1.0]]
    """
    known = ~np.isnan(window)
    out = np.empty((window.shape[1], window.shape[1]))
    centred = window - np.nanmean(np.where(known.any(axis=0), window, 0.0), axis=0)
    whole = known.all(axis=0)
    if window.shape[0] < common_min:
        return np.full_like(out, np.nan)
    out[np.ix_(whole, whole)] = _complete(centred[:, whole], weights)
    if not whole.all():
        part = _pairwise(centred[:, ~whole], centred, weights, common_min)
        out[~whole] = part
        out[:, ~whole] = part.T
    return np.round(out, _DECIMALS)


def _complete(x: Floats, weights: Floats) -> Floats:
    """All rows known: one product of standardised columns."""
    centred = (x - weights @ x / weights.sum()) * np.sqrt(weights)[:, None]
    square = (centred * centred).sum(axis=0)
    still = square <= _NOTHING * (weights @ (x * x))
    z = centred / np.sqrt(np.where(still, np.nan, square))
    product: Floats = z.T @ z
    return product


def _pairwise(a: Floats, b: Floats, weights: Floats, common_min: int) -> Floats:
    """Correlate columns of two windows over the rows both know, by sums of products."""
    w = weights[:, None]
    in_a, in_b = (~np.isnan(a)).astype(np.float64), (~np.isnan(b)).astype(np.float64)
    a, b = np.where(in_a > 0.0, a, 0.0), np.where(in_b > 0.0, b, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mass = (w * in_a).T @ in_b
        mean_a, mean_b = (w * a).T @ in_b / mass, in_a.T @ (w * b) / mass
        square_a, square_b = (w * a * a).T @ in_b / mass, in_a.T @ (w * b * b) / mass
        variance_a, variance_b = square_a - mean_a**2, square_b - mean_b**2
        found = ((w * a).T @ b / mass - mean_a * mean_b) / np.sqrt(variance_a * variance_b)
    moved = (variance_a > 1e-12 * square_a) & (variance_b > 1e-12 * square_b)
    enough = in_a.T @ in_b >= common_min
    out: Floats = np.where(moved & enough, np.clip(found, -1.0, 1.0), np.nan)
    return out


def ranks(window: Floats) -> Floats:
    """Rank each column's known values, ties sharing theirs; NaN stays."""
    below = (window[:, None, :] > window[None, :, :]).sum(axis=1)
    tied = (window[:, None, :] == window[None, :, :]).sum(axis=1)
    return np.where(np.isnan(window), np.nan, below + 0.5 * (tied + 1.0))


def residuals(window: Floats, groups: Ints) -> Floats:
    """What is left of returns without the market's and the sector's mean, by least squares over the window.

    Parameters
    ----------
    window : array (rows, columns)
    groups : array (columns,)
        Sector codes, -1 for none: such a column loses the market alone, as does one whose sector has
        fewer than three members on a day.
    """
    count = count_across(window).astype(np.float64)
    market = total_across(window) / np.where(count >= NAMES_MIN, count, np.nan)
    out = _without(window, market[:, None])
    for group in np.unique(groups[groups >= 0]).tolist():
        inside = groups == group
        members = out[:, inside]
        known = ~np.isnan(members)
        others = (known.sum(axis=1, keepdims=True) - known).astype(np.float64)
        sums = np.where(known, members, 0.0)
        mean = (sums.sum(axis=1, keepdims=True) - sums) / np.where(others >= NAMES_MIN - 1, others, np.nan)
        out[:, inside] = _without(members, mean)
    return out


def _without(y: Floats, factor: Floats) -> Floats:
    """Residuals of each column on its factor; where the factor is unknown the column stays as it is."""
    both: NDArray[np.bool_] = ~np.isnan(y) & ~np.isnan(factor)
    n = np.maximum(both.sum(axis=0), 1)
    x0, y0 = np.where(both, factor, 0.0), np.where(both, y, 0.0)
    x0, y0 = np.where(both, x0 - x0.sum(axis=0) / n, 0.0), np.where(both, y0 - y0.sum(axis=0) / n, 0.0)
    square = (x0 * x0).sum(axis=0)
    slope = (x0 * y0).sum(axis=0) / np.where(square > 0.0, square, np.inf)
    return np.where(both, y0 - slope * x0, y)
