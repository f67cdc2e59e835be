"""Weights by the inverse of each member's mean absolute error."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from augury.core.typing import Codes, Probabilities
from augury.models.ensemble.weights._shape import Weighed, by_merit, positive, signed


def inverse_mae(predictions: Mapping[str, Probabilities], codes: Codes) -> Weighed:
    """Weigh by ``1 / mean |y - s|``.

    Examples
    --------
    >>> wrong_by = {"a": np.array([[0.0, 0.5, 0.5]]), "b": np.array([[0.25, 0.5, 0.25]])}
    >>> inverse_mae(wrong_by, np.array([1])).weights["a"].__round__(3)
    0.667
    """
    scores, truth = signed(predictions, codes)
    return by_merit(predictions, 1 / positive(np.abs(truth[:, None] - scores).mean(axis=0)))


RULE = inverse_mae
