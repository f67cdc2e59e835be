"""The long-short book a score means: the top bucket bought, the bottom bucket sold, both in equal parts.

The book is formed from the scores of a day alone; whether a return followed plays no part. Each side
holds 1, so one unit of spread is earned on 2 units held.
"""

from __future__ import annotations

import numpy as np

from augury.core.metrics.ranking import ranks
from augury.core.typing import Bools, Floats, Ints
from augury.proof.crosssection.ranks import day_correlations


def buckets_of(ranked: Floats, buckets: int) -> Ints:
    """Bucket of each name, 0 (lowest score) … ``buckets - 1``; -1 without a score.

    A name on the border of two buckets goes to the one nearer the middle, so that turning every score
    round turns the outer buckets round exactly; names that tie share a bucket.

    Parameters
    ----------
    ranked : array (days, symbols)
        Average ranks from 1, NaN where unknown.
    buckets : int
        Usually 5 or 10.

    Examples
    --------
    >>> buckets_of(np.array([[1.0, 2.0, 3.0, 4.0, np.nan]]), 2).tolist()
    [[0, 0, 1, 1, -1]]
    """
    count = (~np.isnan(ranked)).sum(axis=1, keepdims=True)
    # In halves of a place: exact, so a border is met exactly.
    place = (2.0 * ranked - 1.0) * buckets / (2.0 * np.maximum(count, 1))
    lower, upper = np.floor(place), np.ceil(place) - 1.0
    answer = np.where(place > buckets / 2.0, upper, lower)
    answer[np.isnan(ranked)] = -1.0
    return np.asarray(answer, dtype=np.int64)


def bucket_returns(bucket: Ints, returns: Floats, buckets: int) -> Floats:
    """Mean return of each bucket on each day, ``(days, buckets)``; NaN where no name of it has one.

    Parameters
    ----------
    bucket : array (days, symbols)
        From :func:`buckets_of`.
    returns : array (days, symbols)
        NaN where unknown.
    buckets : int
        As given there.
    """
    known = (bucket >= 0) & ~np.isnan(returns)
    day = np.broadcast_to(np.arange(len(bucket))[:, None], bucket.shape)
    cell = (day * buckets + bucket)[known]
    size = len(bucket) * buckets
    total = np.bincount(cell, weights=returns[known], minlength=size)
    count = np.bincount(cell, minlength=size).astype(np.float64)
    count[count == 0.0] = np.nan
    return np.asarray((total / count).reshape(-1, buckets), dtype=np.float64)


def monotonicity(means: Floats) -> float:
    """Rank correlation of a bucket's number and its mean return, in [-1, 1]; NaN when a bucket is unknown.

    Examples
    --------
    >>> monotonicity(np.array([-0.02, 0.0, 0.01, 0.03]))
    1.0
    """
    if np.isnan(means).any():
        return float("nan")
    place = np.arange(len(means), dtype=np.float64)
    known = np.ones((1, len(means)), dtype=np.bool_)
    return round(float(day_correlations(place[None], ranks(means)[None], known)[0]), 12)


def turnover(bucket: Ints, buckets: int, sessions: int, counts: Bools) -> Floats:
    """Share of the book that differs from the book ``sessions`` earlier, 0 … 1, one a day; NaN before.

    ``sum |w_t - w_(t-h)| / 4``: half of what is traded, over the 2 that are held. 1 means that every
    position was closed or turned round. A book held h sessions in h parts trades this share each h sessions.

    Parameters
    ----------
    bucket : array (days, symbols)
        From :func:`buckets_of`.
    buckets : int
        As given there.
    sessions : int
        h, how long a position is held, at least 1.
    counts : array (days,)
        Days whose book counts; a share needs both its days.

    Examples
    --------
    >>> turnover(np.array([[0, 1, -1], [0, 1, -1], [1, 0, -1]]), 2, 1, np.ones(3, dtype=bool)).tolist()
    [nan, 0.0, 1.0]
    """
    weights = _side(bucket == buckets - 1) - _side(bucket == 0)
    share = np.full(len(bucket), np.nan)
    share[sessions:] = np.abs(weights[sessions:] - weights[:-sessions]).sum(axis=1) / 4.0
    share[sessions:][~(counts[sessions:] & counts[:-sessions])] = np.nan
    return share


def break_even_bps(spread: float, share: float) -> float:
    """Cost per side at which the spread is eaten, in basis points of what is traded; NaN without trading.

    ``10,000 spread / (4 turnover)``: replacing a share of a book of 2 sells and buys 2 each. Negative when
    the spread is.

    Examples
    --------
    >>> round(break_even_bps(0.004, 0.5), 6)
    20.0
    """
    return 1e4 * spread / (4.0 * share) if share > 0.0 else float("nan")


def _side(held: Bools) -> Floats:
    size = held.sum(axis=1, keepdims=True)
    return np.asarray(held / np.where(size == 0, 1, size), dtype=np.float64)
