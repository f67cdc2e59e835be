"""Lasso weights: members that add nothing are left at the floor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from augury.core.typing import Codes, Floats, Probabilities
from augury.models.ensemble.optimizer import GUARD_ALPHA
from augury.models.ensemble.simplex import as_weights, capped, dominates
from augury.models.ensemble.weights._shape import Weighed, by_least_squares, signed

STRENGTH: Final = 0.1
"""Share of the penalty at which every weight is zero; larger leaves fewer members."""
_SWEEPS: Final = 1000
_TOLERANCE: Final = 1e-12


def lasso(predictions: Mapping[str, Probabilities], codes: Codes) -> Weighed:
    """Weigh by ``min_w |y - S w|^2 / 2n + a |w|_1, w >= 0`` with ``a = 0.1 max(S'y / n)``.

    The penalty is counted in its own largest useful value, so that weak scores and strong ones are thinned
    alike. Solved by coordinate descent. Under the dominance guard like the other linear rules.
    """
    scores, truth = signed(predictions, codes)
    weights = as_weights(_descend(scores, truth))
    names = list(predictions)
    if not dominates(weights):
        return Weighed(dict(zip(names, weights.tolist(), strict=True)))
    calm = by_least_squares(predictions, codes, alpha=GUARD_ALPHA)
    final = dict(zip(names, capped(np.array(list(calm.weights.values()))).tolist(), strict=True))
    before = dict(zip(names, weights.tolist(), strict=True))
    event = {"event": "dominance", "alpha": GUARD_ALPHA, "before": before, "after": final, "capped": bool(calm.events)}
    return Weighed(final, (event,))


def _descend(scores: Floats, truth: Floats) -> Floats:
    n = len(truth)
    gram, reach = scores.T @ scores / n, scores.T @ truth / n
    penalty, weights = STRENGTH * max(float(reach.max()), 0.0), np.zeros(scores.shape[1])
    for _ in range(_SWEEPS):
        before = weights.copy()
        for at in np.flatnonzero(np.diag(gram) > 0):
            rest = reach[at] - gram[at] @ weights + gram[at, at] * weights[at]
            weights[at] = max(0.0, rest - penalty) / gram[at, at]
        if np.abs(weights - before).max() <= _TOLERANCE:
            break
    return weights


RULE = lasso
