"""What every body of a signal classifier answers to."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Protocol, Self

from augury.core.typing import Bools, Features, Floats

GAMMA: Final = 2.0
"""Of the focal loss: rows that are already right count less, the more the larger."""


class Body(Protocol):
    """Gives a logit to each row; larger is more likely."""

    def __init__(self, **settings: Any) -> None: ...

    def fit(self, X: Features, hit: Bools, stop_X: Features, stop_hit: Bools) -> Self:
        """Learn from the fit slice by a focal loss with class weights; the stop slice says when it is enough."""
        ...

    def logits(self, X: Features) -> Floats:
        """Score rows, ``(n,)``."""
        ...

    def save(self, folder: Path) -> None:
        """Write into an existing folder, in safe formats."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; scores are equal bit for bit."""
        ...


def weight_of_hits(hit: Bools) -> float:
    """Weight of a hit beside ``1 - weight`` of the others, so that both classes count the same in all.

    Examples
    --------
    >>> import numpy as np
    >>> weight_of_hits(np.array([True, False, False, False]))
    0.75
    """
    return float(1 - hit.mean())
