"""Ridge weights with a penalty of 10: the members are pulled together."""

from __future__ import annotations

from collections.abc import Mapping

from augury.core.typing import Codes, Probabilities
from augury.models.ensemble.optimizer import GUARD_ALPHA
from augury.models.ensemble.weights._shape import Weighed, by_least_squares


def ridge10(predictions: Mapping[str, Probabilities], codes: Codes) -> Weighed:
    """Weigh by ``(S'S + 10 I)^-1 S'y``: what the dominance guard falls back to, from the start."""
    return by_least_squares(predictions, codes, alpha=GUARD_ALPHA)


RULE = ridge10
