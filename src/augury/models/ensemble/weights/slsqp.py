"""Bounded weights: least squares on the simplex, each weight between 5 % and 60 %."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from augury.core.typing import Codes, Floats, Probabilities
from augury.models.ensemble.simplex import shares
from augury.models.ensemble.weights._shape import Weighed, signed

LOWEST: Final = 0.05
HIGHEST: Final = 0.60


def slsqp(predictions: Mapping[str, Probabilities], codes: Codes) -> Weighed:
    """Weigh by ``min |y - S w|^2`` with ``sum w = 1`` and ``0.05 <= w <= 0.60``.

    The bounds stand in for the dominance guard. With few or many members they give way to ``1 / m``: one
    member weighs 1, and thirty cannot have 5 % each. Solved by sequential least squares (Kraft 1988).
    """
    from scipy.optimize import minimize  # heavy; most recipes weigh otherwise

    scores, truth = signed(predictions, codes)
    n, m = scores.shape
    low, high = min(LOWEST, 1 / m), max(HIGHEST, 1 / m)
    gram, reach = scores.T @ scores / n, scores.T @ truth / n
    # In units of the mean square score: the stopping rule then means the same for weak scores.
    unit = max(float(np.trace(gram)) / m, 1e-12)

    def loss(weights: Floats) -> float:
        found: float = (weights @ gram @ weights / 2 - reach @ weights) / unit
        return found

    def slope(weights: Floats) -> Floats:
        found: Floats = (gram @ weights - reach) / unit
        return found

    whole = {"type": "eq", "fun": lambda weights: weights.sum() - 1, "jac": np.ones_like}
    options = {"ftol": 1e-12, "maxiter": 500}
    uniform = np.full(m, 1 / m)
    found = minimize(
        loss, uniform, jac=slope, bounds=[(low, high)] * m, constraints=[whole], method="SLSQP", options=options
    )
    weights = shares(np.clip(found.x, low, high)) if np.isfinite(found.x).all() else uniform
    return Weighed(dict(zip(predictions, weights.tolist(), strict=True)))


RULE = slsqp
