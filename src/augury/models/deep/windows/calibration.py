"""Confidence as a frequency: one temperature, fitted on windows that neither trained nor chose the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from augury.core.typing import Floats, Ints, Json

_BOUNDS: Final = (0.05, 20.0)
_STEPS: Final = 60


@dataclass(frozen=True, slots=True)
class Temperature:
    """Divide logits by one number: the class named stays, its confidence moves.

    Parameters
    ----------
    value : float
        Above 0; above 1 is less sure.
    n : int
        Windows it was fitted on; 0 leaves the logits as they are.

    Examples
    --------
    >>> sure = np.array([[4.0, 0.0], [4.0, 0.0], [4.0, 0.0], [4.0, 0.0]])
    >>> fitted = Temperature.fit(sure, np.array([0, 0, 0, 1]))
    >>> fitted.value > 1, fitted.apply(sure)[0].round(2).tolist()
    (True, [0.75, 0.25])

    Notes
    -----
    Guo et al. (2017). The log loss is convex in 1 / T, so bisection of its derivative finds the least.
    """

    value: float = 1.0
    n: int = 0

    @classmethod
    def fit(cls, logits: Floats, codes: Ints) -> Self:
        """Find the temperature of least log loss, between 1/20 and 20."""
        rows = np.arange(len(codes))
        low, high = _BOUNDS
        for _ in range(_STEPS):
            middle = (low + high) / 2
            slope = np.mean((softmax(logits * middle) * logits).sum(axis=1) - logits[rows, codes])
            low, high = (low, middle) if slope > 0 else (middle, high)
        return cls(2 / (low + high), len(codes))

    def apply(self, logits: Floats) -> Floats:
        """Return probabilities ``(n, C)``; rows sum to 1."""
        return softmax(logits / self.value)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {"value": self.value, "n": self.n}


def softmax(logits: Floats) -> Floats:
    """Logits ``(n, C)`` to shares."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
