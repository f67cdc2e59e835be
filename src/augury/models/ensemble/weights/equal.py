"""Equal weights: what every learned rule must beat."""

from __future__ import annotations

from collections.abc import Mapping

from augury.core.typing import Codes, Probabilities
from augury.models.ensemble.weights._shape import Weighed


def equal(predictions: Mapping[str, Probabilities], codes: Codes) -> Weighed:
    """Give every member the same weight; ``codes`` are not read.

    Examples
    --------
    >>> equal({"rf": None, "gb": None}, None).weights
    {'rf': 0.5, 'gb': 0.5}
    """
    return Weighed(dict.fromkeys(predictions, 1 / len(predictions)))


RULE = equal
