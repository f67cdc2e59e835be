"""Ranks and correlations of a grid, days down and symbols across, all days at once.

The same definitions as ``core.metrics.ranking``, which works on one day at a time.
"""

from __future__ import annotations

import numpy as np

from augury.core.typing import Bools, Floats, Ints


def day_ranks(values: Floats) -> Floats:
    """Rank the known values of each day from 1, ties sharing the average of their places.

    Parameters
    ----------
    values : array (days, symbols)
        NaN where unknown, which stays NaN.

    Examples
    --------
    >>> day_ranks(np.array([[0.3, 0.1, np.nan, 0.3, 0.2]])).tolist()
    [[3.5, 1.0, nan, 3.5, 2.0]]
    """
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    place = np.broadcast_to(np.arange(values.shape[1], dtype=np.float64), values.shape)
    begins = np.ones(values.shape, dtype=np.bool_)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    if not begins.all():
        first = np.maximum.accumulate(np.where(begins, place, 0.0), axis=1)
        ends = np.ones(values.shape, dtype=np.bool_)
        ends[:, :-1] = begins[:, 1:]
        width = float(values.shape[1])
        last = np.minimum.accumulate(np.where(ends, place, width)[:, ::-1], axis=1)[:, ::-1]
        place = (first + last) / 2.0
    out = np.empty(values.shape)
    np.put_along_axis(out, order, place + 1.0, axis=1)
    out[np.isnan(values)] = np.nan
    return out


def day_correlations(a: Floats, b: Floats, known: Bools) -> Floats:
    """Pearson correlation of each day over its known pairs; NaN when either never moves on it.

    Parameters
    ----------
    a, b : array (days, symbols)
    known : array (days, symbols)
        Where both count.

    Examples
    --------
    >>> a, b = np.array([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]]), np.array([[0.1, 0.4, 0.3], [1.0, 2.0, 3.0]])
    >>> day_correlations(a, b, np.ones((2, 3), dtype=bool)).round(6).tolist()
    [0.654654, nan]
    """
    count = np.maximum(known.sum(axis=1), 1)
    x, flat_x = _centred(a, known, count)
    y, flat_y = _centred(b, known, count)
    cross = np.einsum("dn,dn->d", x, y)
    length = np.sqrt(np.einsum("dn,dn->d", x, x)) * np.sqrt(np.einsum("dn,dn->d", y, y))
    moves = ~flat_x & ~flat_y & (length > 0.0)
    answer = np.full(len(a), np.nan)
    answer[moves] = np.clip(cross[moves] / length[moves], -1.0, 1.0)
    return answer


def rank_correlations(a: Floats, b: Floats, ranked_a: Floats, ranked_b: Floats) -> Floats:
    """Spearman correlation of each day over the names both know.

    Parameters
    ----------
    a, b : array (days, symbols)
        NaN where unknown.
    ranked_a, ranked_b : array (days, symbols)
        What :func:`day_ranks` gave for them. They hold as they are on days where both know the same names;
        only the other days are ranked again.
    """
    known = ~(np.isnan(a) | np.isnan(b))
    return day_correlations(_among(a, ranked_a, known), _among(b, ranked_b, known), known)


def day_medians(values: Floats) -> Floats:
    """Median of the known values of each day, NaN when there are none.

    Examples
    --------
    >>> day_medians(np.array([[3.0, 1.0, np.nan, 2.0], [1.0, 2.0, np.nan, np.nan]])).tolist()
    [2.0, 1.5]
    """
    ordered = np.sort(values, axis=1)
    count = (~np.isnan(values)).sum(axis=1)
    rows = np.arange(len(values))
    middle = ordered[rows, np.maximum(count - 1, 0) // 2] + ordered[rows, np.minimum(count // 2, len(ordered[0]) - 1)]
    return np.asarray(middle / 2.0, dtype=np.float64)


def _among(values: Floats, ranked: Floats, known: Bools) -> Floats:
    """Ranks among the known names: those at hand where nobody else was ranked with them."""
    again = (~np.isnan(values) & ~known).any(axis=1)
    if not again.any():
        return ranked
    out = ranked.copy()
    out[again] = day_ranks(np.where(known[again], values[again], np.nan))
    return out


def _centred(values: Floats, known: Bools, count: Ints) -> tuple[Floats, Bools]:
    """Known values less the mean of their day, 0 elsewhere, and the days on which all are equal."""
    x = np.where(known, values, 0.0)
    mean = np.einsum("dn->d", x) / count
    x -= mean[:, None]
    x *= known
    # Of equal values the rounding of their mean may be left: such days are looked at closely.
    flat = np.einsum("dn,dn->d", x, x) <= 1e-18 * count * mean**2
    low = np.where(known[flat], values[flat], np.inf).min(axis=1, initial=np.inf)
    high = np.where(known[flat], values[flat], -np.inf).max(axis=1, initial=-np.inf)
    flat[flat] = ~(high > low)
    return x, flat
