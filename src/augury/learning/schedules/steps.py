"""A rate that changes at named epochs."""

from collections.abc import Mapping
from typing import Any

from augury.core.errors import UsageError
from augury.core.typing import Json


class Steps:
    """The base rate times the factor of the last epoch named at or before.

    Parameters
    ----------
    base : float
    epochs : int
    factors : mapping
        Epoch, from 0, to the factor from then on; keys may be text, as JSON has them.

    Examples
    --------
    >>> steps = Steps(1e-3, 30, factors={"11": 0.5})
    >>> steps.rate(10), steps.rate(11)
    (0.001, 0.0005)
    """

    def __init__(self, base: float, epochs: int, *, factors: Mapping[Any, float]) -> None:
        self.base = base
        self.factors = dict(sorted((int(epoch), factor) for epoch, factor in factors.items()))
        if any(epoch < 0 or not factor > 0 for epoch, factor in self.factors.items()):
            raise UsageError(f"factors={self.factors} are epochs from 0 and factors above 0")

    def rate(self, epoch: int) -> float:
        """Return the rate of an epoch."""
        return self.base * next((factor for at, factor in reversed(self.factors.items()) if at <= epoch), 1.0)

    def seen(self, value: float) -> None:
        """Learn nothing."""

    def state(self) -> Json:
        """Nothing is kept."""
        return {}

    def restore(self, state: Json) -> None:
        """Nothing is kept."""


SCHEDULE = Steps
