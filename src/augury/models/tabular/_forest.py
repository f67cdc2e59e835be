"""A forest as flat arrays: small on disk, read without building a single tree object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from augury.core.typing import Features, Floats

LEAF: Final = -1
_CELLS: Final = 1 << 15
"""Rows x trees walked at once: their state stays in the processor's cache."""
_STEP: Final = float(1 << 24)


@dataclass(frozen=True)
class FlatForest:
    """All trees of a forest, node after node, each tree in depth-first order.

    The left child of an inner node is the next node, so only the right child is kept. A row goes
    left when ``x[feature] <= threshold``.

    Parameters
    ----------
    feature : (nodes,) int16
        Column tested, -1 at a leaf.
    threshold : (nodes,) float32
        0 at a leaf.
    right : (nodes,) int32
        Absolute index of the right child; at a leaf the row of ``leaves``.
    leaves : (n_leaves, n_classes) float32
        Class shares, multiples of 2**-24: sums of them in float64 are exact, so the answer for a
        row does not depend on the rows beside it.
    roots : (n_trees,) int32
        First node of each tree.
    depth : int
        Steps from a root to the deepest leaf.
    """

    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    right: NDArray[np.int32]
    leaves: NDArray[np.float32]
    roots: NDArray[np.int32]
    depth: int

    def proba(self, X: Features) -> Floats:
        """Return the mean class shares over the trees, ``(n, n_classes)``.

        Rows that are already at a leaf stay there: each leaf is its own child.
        """
        n, n_trees = len(X), len(self.roots)
        total = np.zeros((n, self.leaves.shape[1]))
        step = max(1, _CELLS // max(n, 1))
        for first in range(0, n_trees, step):
            roots = self.roots[first : first + step]
            for low in range(0, n, _CELLS):
                rows = X[low : low + _CELLS]
                total[low : low + _CELLS] += self._leaves_of(rows, roots).sum(axis=1)
        return total / n_trees

    def _leaves_of(self, X: Features, roots: NDArray[np.int32]) -> Floats:
        children, column = self._steps
        n, width = X.shape
        flat = np.ascontiguousarray(X).ravel()
        offset = np.repeat(np.arange(n, dtype=np.int64) * width, len(roots))
        node = np.tile(roots.astype(np.int64), n)
        for _ in range(self.depth):
            goes_right = flat.take(offset + column.take(node)) > self.threshold.take(node)
            node = children.take(2 * node + goes_right)
        shares: Floats = self.leaves.take(self.right.take(node), axis=0).astype(np.float64)
        return shares.reshape(n, len(roots), -1)

    @cached_property
    def _steps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        own = np.arange(len(self.feature), dtype=np.int64)
        inner = self.feature != LEAF
        children = np.column_stack([np.where(inner, own + 1, own), np.where(inner, self.right, own)])
        return children.ravel(), np.where(inner, self.feature, 0).astype(np.int64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by name, for a safetensors file."""
        names = ("feature", "threshold", "right", "leaves", "roots")
        return {name: getattr(self, name) for name in names} | {"depth": np.array([self.depth], np.int32)}

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> FlatForest:
        """Rebuild from :meth:`arrays`.

        Raises
        ------
        KeyError, ValueError
            An array is missing, or an index points outside.
        """
        rest = {name: array for name, array in arrays.items() if name != "depth"}
        forest = cls(**rest, depth=int(arrays["depth"][0]))
        inner = forest.feature != LEAF
        if not (
            len(forest.feature) == len(forest.threshold) == len(forest.right)
            and (forest.right[inner] < len(forest.feature)).all()
            and (forest.right[~inner] < len(forest.leaves)).all()
            and (forest.right >= 0).all()
        ):
            raise ValueError("a forest whose indices point outside its arrays")
        return forest


def quantile_edges(X: Features, bins: int) -> list[NDArray[np.float32]]:
    """Return for each column at most ``bins - 1`` of its own values that divide it into equal shares.

    Examples
    --------
    >>> quantile_edges(np.arange(8, dtype=np.float32).reshape(-1, 1), bins=4)
    [array([1., 3., 5.], dtype=float32)]
    """
    shares = np.arange(1, bins) / bins
    return [np.unique(column) for column in np.quantile(X, shares, axis=0, method="lower").astype(np.float32).T]


def binned(X: Features, edges: Sequence[NDArray[np.float32]]) -> Features:
    """Return the number of edges below each value: what the trees are grown on.

    Examples
    --------
    >>> binned(np.array([[0.5], [3.0]], np.float32), [np.array([1.0, 2.0], np.float32)]).tolist()
    [[0.0], [2.0]]
    """
    columns = [np.searchsorted(edge, X[:, at], side="left") for at, edge in enumerate(edges)]
    return np.column_stack(columns).astype(np.float32)


def flatten(trees: Sequence[Any], edges: Sequence[NDArray[np.float32]]) -> FlatForest:
    """Flatten scikit-learn trees (``estimator.tree_``) that were grown on :func:`binned` columns.

    A bin number is at most ``k`` exactly when the value is at most ``edges[k]``, so every threshold
    becomes the edge it stands for and the forest walks raw float32 values without binning them.

    Parameters
    ----------
    trees : sequence
        Of one fitted forest of classifiers.
    edges : sequence of array
        For each column, what :func:`quantile_edges` gave.

    Raises
    ------
    ValueError
        The trees are not in depth-first order.
    """
    sizes = np.array([tree.node_count for tree in trees])
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    left = np.concatenate([tree.children_left for tree in trees])
    inner = left != LEAF
    start = np.repeat(roots, sizes)
    if not np.array_equal((left + start)[inner], np.flatnonzero(inner) + 1):
        raise ValueError("trees are not in depth-first order")
    right = np.concatenate([tree.children_right for tree in trees]) + start
    right[~inner] = np.arange((~inner).sum())
    values = np.concatenate([tree.value[:, 0, :] for tree in trees])[~inner]
    shares = values / values.sum(axis=1, keepdims=True)
    feature = np.where(inner, np.concatenate([tree.feature for tree in trees]), LEAF)
    number = np.floor(np.concatenate([tree.threshold for tree in trees])).astype(np.int64)
    threshold = np.zeros(len(feature), np.float32)
    for column, edge in enumerate(edges):
        here = feature == column
        threshold[here] = edge[number[here]]
    return FlatForest(
        feature.astype(np.int16),
        threshold,
        right.astype(np.int32),
        (np.round(shares * _STEP) / _STEP).astype(np.float32),
        roots.astype(np.int32),
        max(int(tree.max_depth) for tree in trees),
    )
