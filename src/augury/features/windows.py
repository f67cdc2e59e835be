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
