"""Sliding windows as trees: exact on flat series, equal bit for bit wherever the window lies.

A running sum carries the rounding of every bar that ever passed through it, so its value depends
on where the series began. Here each window is built afresh from windows of 1, 2, 4, 8 … bars, at
about ``2 log2(n)`` vector additions: the value depends on the ``n`` bars inside and on nothing
else. That is what makes a feature equal on a cut history, alone or in a panel, and on any number
of threads. All functions work along the last axis; the first ``n - 1`` values are NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from augury.core.typing import Floats

State = tuple[Floats, ...]
Join = Callable[[State, int, State, int], State]
"""Join the statistics of the recent ``na`` bars with those of the ``nb`` bars before them."""


def lagged(x: Floats, k: int) -> Floats:
    """Return the value ``k`` bars ago, NaN where there is none.

    Examples
    --------
    >>> lagged(np.array([1.0, 2.0, 3.0]), 1)
    array([nan,  1.,  2.])
    """
    out = np.empty_like(x)
    out[..., :k] = np.nan
    out[..., k:] = x[..., : max(x.shape[-1] - k, 0)]
    return out


def window_sum(x: Floats, n: int) -> Floats:
    """Sum of the last ``n`` values, the current one included.

    Examples
    --------
    >>> window_sum(np.arange(6.0), 5)
    array([nan, nan, nan, nan, 10., 15.])
    """
    return _tree((x,), n, lambda a, _na, b, _nb: (a[0] + b[0],))[0]


def window_moments(x: Floats, n: int) -> tuple[Floats, Floats]:
    """Mean and sum of squared deviations from it over the last ``n`` values.

    Joined pairwise (Chan, Golub and LeVeque 1983): never negative, and exactly zero when the
    window is flat, which a running variance is not after a large move has left it.

    Examples
    --------
    >>> mean, deviations = window_moments(np.array([1.0, 2.0, 4.0, 4.0, 4.0]), 3)
    >>> mean[2:].round(4), deviations[2:].round(4)
    (array([2.3333, 3.3333, 4.    ]), array([4.6667, 2.6667, 0.    ]))
    """
    mean, deviations = _tree((x, np.zeros_like(x)), n, _join_moments)
    return mean, deviations


def window_sd(x: Floats, n: int, *, sample: bool = True) -> Floats:
    """Standard deviation of the last ``n`` values, ``sqrt(sum (x - mean)^2 / (n - 1))``.

    Parameters
    ----------
    x : array, shape (n,)
    n : int
        Values a window holds, at least 1; the first ``n - 1`` results are NaN.
    sample : bool
        Divide by ``n - 1``, the default; else by ``n``.

    Examples
    --------
    >>> window_sd(np.array([1.0, 2.0, 3.0]), 2)[1:].round(4)
    array([0.7071, 0.7071])
    """
    return np.sqrt(window_moments(x, n)[1] / (n - sample))


def window_min(x: Floats, n: int) -> Floats:
    """Smallest of the last ``n`` values.

    Parameters
    ----------
    x : array, shape (n,)
    n : int
        Values a window holds, at least 1; the first ``n - 1`` results are NaN.

    Examples
    --------
    >>> window_min(np.array([3.0, 1.0, 2.0]), 2)
    array([nan,  1.,  1.])
    """
    return _extreme(x, n, np.minimum)


def window_max(x: Floats, n: int) -> Floats:
    """Largest of the last ``n`` values.

    Parameters
    ----------
    x : array, shape (n,)
    n : int
        Values a window holds, at least 1; the first ``n - 1`` results are NaN.

    Examples
    --------
    >>> window_max(np.array([3.0, 1.0, 2.0]), 2)
    array([nan,  3.,  2.])
    """
    return _extreme(x, n, np.maximum)


def window_dot(x: Floats, weights: Floats) -> Floats:
    """Weighted sum of the last ``len(weights)`` values; ``weights[0]`` belongs to the current bar.

    Examples
    --------
    >>> window_dot(np.array([1.0, 2.0, 4.0]), np.array([1.0, -1.0]))
    array([nan,  1.,  2.])
    """
    out: Floats = x * weights[0]
    for k in range(1, len(weights)):
        out[..., k:] += x[..., : max(x.shape[-1] - k, 0)] * weights[k]
    out[..., : len(weights) - 1] = np.nan
    return out


def _join_moments(a: State, na: int, b: State, nb: int) -> State:
    gap = b[0] - a[0]
    mean = a[0] + gap * (nb / (na + nb))
    return mean, a[1] + b[1] + gap * gap * (na * nb / (na + nb))


def _tree(leaf: State, n: int, join: Join) -> State:
    power, width = leaf, 1
    done: State | None = None
    size = 0
    while True:
        if n & width:
            done = power if done is None else _joined(done, size, power, width, join)
            size += width
        if size == n and done is not None:
            return done
        power = _joined(power, width, power, width, join)
        width *= 2


def _joined(recent: State, na: int, older: State, nb: int, join: Join) -> State:
    keep = max(recent[0].shape[-1] - na, 0)
    inner = join(tuple(x[..., na:] for x in recent), na, tuple(x[..., :keep] for x in older), nb)
    return tuple(_padded(x, na, like) for x, like in zip(inner, recent, strict=True))


def _padded(inner: Floats, k: int, like: Floats) -> Floats:
    out = np.empty_like(like)
    out[..., :k] = np.nan
    out[..., k:] = inner
    return out


def _extreme(x: Floats, n: int, pick: Callable[[Floats, Floats], Floats]) -> Floats:
    # Two overlapping windows of the largest power of two cover n bars: an extreme may be counted twice.
    out, width = x, 1
    while 2 * width <= n:
        out, width = _joined((out,), width, (out,), width, lambda a, _na, b, _nb: (pick(a[0], b[0]),))[0], 2 * width
    if width < n:
        out = _joined((out,), n - width, (out,), width, lambda a, _na, b, _nb: (pick(a[0], b[0]),))[0]
    return out
