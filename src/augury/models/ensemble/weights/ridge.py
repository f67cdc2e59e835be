"""Ridge weights with the dominance guard; the default."""

from __future__ import annotations

from collections.abc import Mapping

from augury.core.typing import Codes, Probabilities
from augury.models.ensemble.optimizer import EnsembleWeightOptimizer
from augury.models.ensemble.weights._shape import Weighed


def ridge(predictions: Mapping[str, Probabilities], codes: Codes) -> Weighed:
    """Weigh by :class:`augury.models.ensemble.optimizer.EnsembleWeightOptimizer` with its defaults."""
    optimizer = EnsembleWeightOptimizer()
    return Weighed(optimizer.optimize_weights(predictions, codes), tuple(optimizer.events_))


RULE = ridge
