"""The weight contract: positive, summing to 1, none below the floor, none above the cap."""

from __future__ import annotations

from typing import Final

import numpy as np

from augury.core.typing import Floats

MIN_WEIGHT: Final = 0.02
"""Floor: every member stays measurable."""
MAX_WEIGHT: Final = 0.80
"""Cap: no member decides alone."""
TOLERANCE: Final = 1e-9


def shares(values: Floats) -> Floats:
    """Divide by the sum.

    Examples
    --------
    >>> shares(np.array([3.0, 1.0])).tolist()
    [0.75, 0.25]
    """
    divided: Floats = values / values.sum()
    return divided


def as_weights(raw: Floats, min_weight: float = MIN_WEIGHT) -> Floats:
    """Turn what a rule found into weights: negatives become 0, small ones the floor; uniform when all are zero.

    Parameters
    ----------
    raw : array (m,)
        Finite.
    min_weight : float

    Examples
    --------
    >>> as_weights(np.array([0.3, 0.1, -0.2])).round(3).tolist()
    [0.735, 0.245, 0.02]
    >>> as_weights(np.array([-0.3, 0.0])).tolist()
    [0.5, 0.5]
    """
    kept = np.maximum(raw, 0.0)
    if kept.sum() <= 0:
        return np.full(len(kept), 1 / len(kept))
    return floored(shares(kept), min_weight)


def floored(weights: Floats, min_weight: float = MIN_WEIGHT) -> Floats:
    """Lift small weights to the floor; the others give in proportion, so the sum stays 1."""
    floor = min(min_weight, 1 / len(weights))
    low = weights < floor
    while low.any():
        free = weights[~low].sum()
        lifted = np.where(low, floor, weights * (1 - floor * low.sum()) / free)
        if not (lifted[~low] < floor - TOLERANCE).any():
            return shares(lifted)
        low = low | (lifted < floor)
    return shares(weights)


def dominates(weights: Floats, max_weight: float = MAX_WEIGHT) -> bool:
    """True when one of several members is above the cap."""
    return len(weights) > 1 and bool(weights.max() > max_weight + TOLERANCE)


def capped(weights: Floats, max_weight: float = MAX_WEIGHT) -> Floats:
    """Hold the largest weight at the cap; the rest is shared in proportion.

    Examples
    --------
    >>> capped(np.array([0.9, 0.06, 0.04])).round(2).tolist()
    [0.8, 0.12, 0.08]
    """
    top = int(weights.argmax())
    if weights[top] <= max_weight:
        return weights
    rest = weights.copy()
    rest[top] = 0.0
    held = shares(rest) * (1 - max_weight)
    held[top] = max_weight
    return held
