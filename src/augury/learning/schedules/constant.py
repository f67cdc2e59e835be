"""The same rate throughout."""

from augury.learning.schedules._planned import Planned


class Constant(Planned):
    """A rate that does not change.

    Examples
    --------
    >>> Constant(5e-4, 10).rate(9)
    0.0005
    """

    def __init__(self, base: float, epochs: int) -> None:
        self.base = base

    def rate(self, epoch: int) -> float:
        """Return the base rate."""
        return self.base


SCHEDULE = Constant
