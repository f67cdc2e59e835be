"""Weights by the Sharpe ratio of following each member."""

from __future__ import annotations

from collections.abc import Mapping

from augury.core.typing import Codes, Probabilities
from augury.models.ensemble.weights._shape import Weighed, by_merit, positive, signed


def sharpe(predictions: Mapping[str, Probabilities], codes: Codes) -> Weighed:
    """Weigh by ``mean(s y) / sd(s y)``: what a position the size of the score earns for the risk it takes.

    The outcome is the code of the label, a move of one threshold, so that one wild bar decides nothing. A
    member whose positions lose keeps the floor.

    Examples
    --------
    >>> import numpy as np
    >>> up, down = np.array([[0.1, 0.2, 0.7]]), np.array([[0.6, 0.2, 0.2]])
    >>> right = np.vstack([up, down, up, up])
    >>> sharpe({"a": right, "b": right[::-1]}, np.array([1, -1, 1, 0])).weights["a"]
    0.8
    """
    scores, truth = signed(predictions, codes)
    earned = scores * truth[:, None]
    return by_merit(predictions, earned.mean(axis=0) / positive(earned.std(axis=0)))


RULE = sharpe
