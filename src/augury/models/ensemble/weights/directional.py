"""Weights by how often each member names the right direction."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from augury.core.typing import Codes, Probabilities
from augury.models.ensemble.weights._shape import Weighed, by_merit, signed


def directional(predictions: Mapping[str, Probabilities], codes: Codes) -> Weighed:
    """Weigh by ``(accuracy - 0.5)^2`` of the sign of the score, over the rows that moved.

    The square lets a clear edge count for more than several doubtful ones. A member below one half is as
    wrong as it is far from it: its square is not taken, it keeps the floor. A score of zero is half a hit.
    """
    scores, truth = signed(predictions, codes)
    moved = truth != 0
    if not moved.any():
        return by_merit(predictions, np.zeros(scores.shape[1]))
    accuracy = (np.sign(scores[moved]) * truth[moved, None] / 2 + 0.5).mean(axis=0)
    return by_merit(predictions, np.maximum(accuracy - 0.5, 0.0) ** 2)


RULE = directional
