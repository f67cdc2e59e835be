"""What a weight rule returns, and what every rule has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from augury.core.typing import Codes, Floats, Json, Probabilities
from augury.models.ensemble.optimizer import EnsembleWeightOptimizer
from augury.models.ensemble.simplex import as_weights, capped, dominates


@dataclass(frozen=True)
class Weighed:
    """Weights that are positive and sum to 1, and what a reader should know about them."""

    weights: dict[str, float]
    events: tuple[Json, ...] = ()


Rule: TypeAlias = Callable[[Mapping[str, Probabilities], Codes], Weighed]
"""Out-of-fold probabilities by member, and the codes that came true, to weights."""


def signed(predictions: Mapping[str, Probabilities], codes: Codes) -> tuple[Floats, Floats]:
    """Return the members' signed scores ``(n, m)`` in order, and what came as ``(n,)`` floats.

    Raises
    ------
    ValueError, UnknownName
        No member, no row, or answers that are no probabilities.
    """
    return EnsembleWeightOptimizer().scores(predictions, codes)


def by_least_squares(predictions: Mapping[str, Probabilities], codes: Codes, alpha: float) -> Weighed:
    """Weigh by ridge regression of the codes on the scores, with the dominance guard."""
    optimizer = EnsembleWeightOptimizer(alpha=alpha)
    return Weighed(optimizer.optimize_weights(predictions, codes), tuple(optimizer.events_))


def by_merit(predictions: Mapping[str, Probabilities], merit: Floats) -> Weighed:
    """Weigh in proportion to a merit of each member; who has none keeps the floor, who dominates is capped.

    Parameters
    ----------
    predictions : mapping
        Its keys are the members.
    merit : array (m,)
        Larger is better; at or below 0 is no merit. Only their ratios count.
    """
    names, found = list(predictions), as_weights(merit)
    if not dominates(found):
        return Weighed(dict(zip(names, found.tolist(), strict=True)))
    final = dict(zip(names, capped(found).tolist(), strict=True))
    before = dict(zip(names, found.tolist(), strict=True))
    return Weighed(final, ({"event": "dominance", "before": before, "after": final, "capped": True},))


def positive(values: Floats) -> Floats:
    """Keep a divisor off zero: a member without any error is merely far ahead, not infinitely.

    Examples
    --------
    >>> positive(np.array([0.5, 0.0])).tolist()
    [0.5, 1e-09]
    """
    return np.maximum(values, 1e-9)
