"""Permutation importance: how much worse answers get when columns that say the same are shuffled together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics.bootstrap import block_length, bootstrap_mean
from augury.core.seeds import DEFAULT_SEED, derive
from augury.core.typing import Features, Floats

Losses: TypeAlias = Callable[[Features], Floats]
"""Rows to the loss of each, ``(n, n_features)`` to ``(n,)``; smaller is better."""
CORRELATED: Final = 0.9
REPEATS: Final = 3


@dataclass(frozen=True, slots=True)
class Importance:
    """A group of features.

    Parameters
    ----------
    features : tuple of str
        Shuffled together.
    rise : float
        Mean loss with the group shuffled minus mean loss as it is; 0 means it was not needed.
    low, high : float
        95 % interval, block bootstrap over the rows.
    n : int
        Rows.
    """

    features: tuple[str, ...]
    rise: float
    low: float
    high: float
    n: int


def correlated_groups(X: Features, at_least: float = CORRELATED) -> list[tuple[int, ...]]:
    """Join columns whose correlation is at least ``at_least`` in size, and whatever they are joined to.

    One column of a pair that says the same can be shuffled without harm, because the other one
    still says it: alone, both would look useless.

    Parameters
    ----------
    X : (n, n_features)
    at_least : float
        In (0, 1]; smaller makes fewer, larger groups.

    Examples
    --------
    >>> x = np.arange(20.0, dtype=np.float32)
    >>> noise = np.tile([1.0, -1.0], 10).astype(np.float32)
    >>> correlated_groups(np.column_stack([x, noise, -2 * x]))
    [(0, 2), (1,)]
    """
    width = X.shape[1]
    centred = X.astype(np.float64) - X.mean(axis=0, dtype=np.float64)
    spread = np.sqrt((centred**2).sum(axis=0))
    scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    near = np.abs(scaled.T @ scaled) >= at_least
    group = np.arange(width)
    for column in range(width):
        for other in np.flatnonzero(near[column]):
            group[group == group[other]] = group[column]
    return sorted(tuple(np.flatnonzero(group == name).tolist()) for name in dict.fromkeys(group.tolist()))


def permutation_importance(
    losses: Losses,
    X: Features,
    names: Sequence[str],
    *,
    horizon_bars: int,
    repeats: int = REPEATS,
    seed: int = DEFAULT_SEED,
) -> list[Importance]:
    """Shuffle each group of correlated columns over the rows and measure what is lost.

    Parameters
    ----------
    losses : callable
        Loss of each row given its features, the outcomes fixed.
    X : (n, n_features)
        Rows nothing was fitted on, in time order.
    names : sequence of str
        Of the columns.
    horizon_bars : int
        Bars an outcome takes; blocks of the bootstrap follow it.
    repeats : int
        Shuffles per group, averaged; more is steadier.
    seed : int

    Returns
    -------
    list of Importance
        The most needed group first.

    Raises
    ------
    DataError
        Names that do not match the columns.

    Notes
    -----
    Breiman 2001; grouping: Gregorutti, Michel and Saint-Pierre 2015.
    """
    if len(names) != X.shape[1]:
        raise DataError(f"{len(names)} names for {X.shape[1]} columns")
    rng = np.random.default_rng(derive(seed, "permutation importance"))
    as_it_is, block = losses(X), block_length(len(X), horizon_bars)
    found = []
    for group in correlated_groups(X):
        worse = np.zeros(len(X))
        for _ in range(repeats):
            shuffled, columns = X.copy(), list(group)
            shuffled[:, columns] = X[rng.permutation(len(X))][:, columns]
            worse += (losses(shuffled) - as_it_is) / repeats
        low, high = bootstrap_mean(worse, block, seed=seed)
        found.append(Importance(tuple(names[at] for at in group), float(worse.mean()), low, high, len(X)))
    return sorted(found, key=lambda one: -one.rise)
