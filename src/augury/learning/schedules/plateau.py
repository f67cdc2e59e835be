"""A smaller rate each time nothing gets better."""

from __future__ import annotations

import math

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.learning.schedules._planned import refuse_floor


class Plateau:
    """The rate is cut after so many epochs without a better value.

    Parameters
    ----------
    base : float
        The rate until the first cut.
    epochs : int
        Planned; cuts do not depend on it.
    factor : float
        Of each cut, in (0, 1); default 0.5.
    wait : int
        Epochs without a better value before a cut, at least 1; default 5. Smaller cuts sooner.
    improvement : float
        By how much a value must be smaller to be better, at least 0; default 0.
    eta_min : float
        The floor, 0..base; default 0.

    Examples
    --------
    >>> schedule, rates = Plateau(1e-3, 9, wait=2), []
    >>> for epoch, value in enumerate((0.9, 0.8, 0.8, 0.8, 0.8, 0.8)):
    ...     rates.append(schedule.rate(epoch))
    ...     schedule.seen(value)
    >>> rates
    [0.001, 0.001, 0.001, 0.001, 0.0005, 0.0005]
    """

    def __init__(
        self,
        base: float,
        epochs: int,
        *,
        factor: float = 0.5,
        wait: int = 5,
        improvement: float = 0.0,
        eta_min: float = 0.0,
    ) -> None:
        refuse_floor(base, eta_min)
        if not 0 < factor < 1 or wait < 1 or improvement < 0:
            raise UsageError(
                f"factor={factor:g} is in (0, 1), wait={wait} at least 1, improvement={improvement:g} >= 0"
            )
        self.base, self.factor, self.wait, self.improvement, self.eta_min = base, factor, wait, improvement, eta_min
        self._cuts, self._waited = 0, 0
        self._best: float | None = None

    def rate(self, epoch: int) -> float:
        """Return the rate after the cuts so far."""
        return max(self.eta_min, self.base * self.factor**self._cuts)

    def seen(self, value: float) -> None:
        """Count an epoch without a better value; a value that is not finite is none."""
        if math.isfinite(value) and (self._best is None or value < self._best - self.improvement):
            self._best, self._waited = value, 0
            return
        self._waited += 1
        if self._waited >= self.wait:
            self._cuts, self._waited = self._cuts + 1, 0

    def state(self) -> Json:
        """Cuts, the best value, and how long it has not been beaten."""
        return {"cuts": self._cuts, "waited": self._waited, "best": self._best}

    def restore(self, state: Json) -> None:
        """Take back what :meth:`state` gave."""
        self._cuts, self._waited, self._best = state["cuts"], state["waited"], state["best"]


SCHEDULE = Plateau
