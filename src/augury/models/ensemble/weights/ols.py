"""Least-squares weights: ridge without a penalty."""

from __future__ import annotations

from collections.abc import Mapping

from augury.core.typing import Codes, Probabilities
from augury.models.ensemble.weights._shape import Weighed, by_least_squares


def ols(predictions: Mapping[str, Probabilities], codes: Codes) -> Weighed:
    """Weigh by ``(S'S)^-1 S'y`` without intercept, negatives to 0, under the dominance guard.

    Members that say nearly the same are told apart by noise here; with them :mod:`ridge10` is calmer.
    """
    return by_least_squares(predictions, codes, alpha=0.0)


RULE = ols
