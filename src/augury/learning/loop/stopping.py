"""Which epoch was the best, and when waiting for a better one ends."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from augury.core.typing import Json


@dataclass(slots=True)
class Patience:
    """Early stopping.

    Parameters
    ----------
    epochs : int
        How long to wait for a better value; 0 is for ever.
    not_before : int
        No stop in an earlier epoch: a stage of the training is still to come.

    Examples
    --------
    >>> patience = Patience(epochs=1)
    >>> [patience.better(epoch, value) for epoch, value in enumerate((0.9, 0.7, 0.8))]
    [True, True, False]
    >>> patience.best_epoch, patience.over(epoch=2)
    (1, True)
    """

    epochs: int
    not_before: int = 0
    best_epoch: int = 0
    best_value: float | None = None
    waited: int = 0

    def better(self, epoch: int, value: float) -> bool:
        """Take the value of an epoch, smaller is better; say whether it is the best so far.

        A value that is not finite is never better.
        """
        if math.isfinite(value) and (self.best_value is None or value < self.best_value):
            self.best_epoch, self.best_value, self.waited = epoch, value, 0
            return True
        self.waited += 1
        return False

    def restart(self) -> None:
        """Count anew: something was released that has had no time to learn."""
        self.waited = 0

    def over(self, epoch: int) -> bool:
        """Whether training ends after this epoch."""
        return bool(self.epochs) and self.waited >= self.epochs and epoch >= self.not_before

    def state(self) -> Json:
        """What a resumed training needs."""
        return asdict(self)
