"""Attributions: what each feature added to an answer. They sum to the answer minus the base.

Two ways, both exact in their sum:

- :func:`shapley` for any function of the features, an ensemble included: each feature's mean effect
  over random orders in which a row is turned, feature by feature, from a background row into the row
  that is explained. The steps telescope, so the sum is exact however few orders are drawn; what is
  uncertain is each share, and its interval says how much.
- :func:`booster_contributions` for boosted trees: LightGBM's own tree SHAP, in log-odds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics.uncertainty import Z95
from augury.core.seeds import DEFAULT_SEED, derive
from augury.core.typing import Features, Floats, Ints

if TYPE_CHECKING:
    import lightgbm as lgb

Answer: TypeAlias = Callable[[Features], Floats]
"""Rows to one number each, ``(n, n_features)`` to ``(n,)``."""
ORDERS: Final = 128


@dataclass(frozen=True)
class Attribution:
    """Shares of one answer.

    Parameters
    ----------
    base : float
        Mean answer on the background rows.
    answer : float
        For the row that is explained.
    shares : (n_features,)
        Sum to ``answer - base``.
    low, high : (n_features,)
        95 % interval of each share, from the spread over the orders.
    n : int
        Orders drawn, each from a background row of its own.
    """

    base: float
    answer: float
    shares: Floats
    low: Floats
    high: Floats
    n: int


def shapley(
    answer: Answer, row: Features, background: Features, *, orders: int = ORDERS, seed: int = DEFAULT_SEED
) -> Attribution:
    """Share out an answer over the features by Shapley's rule, over random orders.

    Looks at the background rows and the row itself, nothing else.

    Parameters
    ----------
    answer : callable
        What is explained; asked about ``orders * (n_features + 1)`` rows in one call.
    row : (n_features,)
    background : (m, n_features)
        Rows that stand for "usual", e.g. train rows; drawn from without replacement until they are
        used up.
    orders : int
        >= 2, default 128; the interval narrows with the root of it. Each order is also walked
        backwards from the same background row (antithetic), which evens out interactions; an odd
        number is rounded up.
    seed : int

    Raises
    ------
    DataError
        No background, shapes that do not fit, or an answer that is not finite.

    Examples
    --------
    >>> rows = np.zeros((4, 2), np.float32)
    >>> found = shapley(lambda X: 2.0 * X[:, 0] + X[:, 1], np.array([1.0, 3.0], np.float32), rows, orders=4)
    >>> found.shares.tolist(), found.base, found.answer
    ([2.0, 3.0], 0.0, 5.0)

    Notes
    -----
    Castro, Gómez and Tejada 2009; antithetic orders: Mitchell and others 2022.
    """
    width = len(row)
    if not len(background) or background.shape[1] != width or orders < 2:
        raise DataError(f"{len(background)} background rows of {background.shape[1:]} for a row of {width} features")
    rng = np.random.default_rng(derive(seed, "shapley"))
    pairs = (orders + 1) // 2
    drawn = np.concatenate([rng.permutation(len(background)) for _ in range(-(-pairs // len(background)))])[:pairs]
    forward = np.argsort(rng.random((pairs, width)), axis=1)
    walked = np.concatenate([forward, forward[:, ::-1]])
    place = np.argsort(walked, axis=1)
    # Step s of an order has the row's own value in the features placed before s, the background's elsewhere.
    own = place[:, None, :] < np.arange(width + 1)[None, :, None]
    start = background[np.concatenate([drawn, drawn])]
    rows = np.where(own, row[None, None, :], start[:, None, :]).astype(np.float32)
    said = np.asarray(answer(rows.reshape(-1, width)), dtype=np.float64).reshape(2 * pairs, width + 1)
    if not np.isfinite(said).all():
        raise DataError("the answer that was to be explained is not finite everywhere")
    steps = np.take_along_axis(np.diff(said, axis=1), place, axis=1)
    each = (steps[:pairs] + steps[pairs:]) / 2
    shares = each.mean(axis=0)
    half = Z95 * each.std(axis=0, ddof=1) / np.sqrt(pairs) if pairs > 1 else np.full(width, np.inf)
    base, final = float(said[:, 0].mean()), float(said[:, -1].mean())
    return Attribution(base, final, shares, shares - half, shares + half, 2 * pairs)


def booster_contributions(booster: lgb.Booster, X: Features, background: Features) -> tuple[Floats, Floats]:
    """Return LightGBM's own tree SHAP of each row, in log-odds.

    A stored booster has no row counts; the background rows are sent down its trees to count them
    again, so "usual" means those rows.

    Parameters
    ----------
    booster : lgb.Booster
        Of a fitted member (``booster_``).
    X : (n, n_features)
    background : (m, n_features)
        Best the rows it was fitted on.

    Returns
    -------
    (n, n_classes, n_features), (n_classes,)
        Contributions and base: their sum is the raw log-odds of every class.

    Notes
    -----
    Lundberg, Erion and Lee 2018.
    """
    counted = _counted(booster, background)
    classes = max(1, counted.num_model_per_iteration())
    found = np.asarray(counted.predict(X, pred_contrib=True, num_threads=1), dtype=np.float64)
    found = found.reshape(len(X), classes, X.shape[1] + 1)
    return found[:, :, :-1], found[0, :, -1]


def _counted(booster: lgb.Booster, rows: Features) -> lgb.Booster:
    import lightgbm

    leaves = np.asarray(booster.predict(rows, pred_leaf=True, num_threads=1)).astype(np.int64).reshape(len(rows), -1)
    head, *trees = booster.model_to_string().partition("\nend of trees")[0].split("\nTree=")
    written = [_with_counts(tree, leaves[:, at]) for at, tree in enumerate(trees)]
    # Without their sizes LightGBM reads trees one after the other, however long they have become.
    kept = [line for line in head.split("\n") if not line.startswith("tree_sizes=")]
    return lightgbm.Booster(model_str="\nTree=".join(["\n".join(kept), *written]) + "\nend of trees\n")


def _with_counts(tree: str, leaves: Ints) -> str:
    facts = dict(line.split("=", 1) for line in tree.split("\n") if "=" in line)
    n_leaves = int(facts["num_leaves"])
    # A leaf no row reaches counts as one: a share of nothing would be no number.
    at_leaf = np.maximum(np.bincount(leaves, minlength=n_leaves), 1)
    lines = [line for line in tree.split("\n") if not line.startswith(("leaf_count=", "internal_count="))]
    if n_leaves > 1:
        left, right = (np.array(facts[name].split(), np.int64) for name in ("left_child", "right_child"))
        inner = np.zeros(n_leaves - 1, np.int64)
        for node in _leaves_first(left, right):
            inner[node] = sum(inner[child] if child >= 0 else at_leaf[~child] for child in (left[node], right[node]))
        counts = [f"leaf_count={' '.join(map(str, at_leaf))}", f"internal_count={' '.join(map(str, inner))}"]
        where = next(at for at, line in enumerate(lines) if line.startswith("leaf_value="))
        lines[where + 1 : where + 1] = counts
    return "\n".join(lines)


def _leaves_first(left: Ints, right: Ints) -> list[int]:
    """Inner nodes of a tree in an order in which every child comes before its parent."""
    order, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += [int(child) for child in (left[node], right[node]) if child >= 0]
    return order[::-1]
