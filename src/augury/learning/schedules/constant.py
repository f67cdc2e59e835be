"""The same rate throughout."""

from typing import Any

from augury.core.typing import Json


class Constant:
    """A rate that does not change.

    Examples
    --------
    >>> Constant(5e-4, 10).rate(9)
    0.0005
    """

    def __init__(self, base: float, epochs: int, **settings: Any) -> None:
        self.base = base

    def rate(self, epoch: int) -> float:
        """Return the base rate."""
        return self.base

    def seen(self, value: float) -> None:
        """Learn nothing."""

    def state(self) -> Json:
        """Nothing is kept."""
        return {}

    def restore(self, state: Json) -> None:
        """Nothing is kept."""


SCHEDULE = Constant
