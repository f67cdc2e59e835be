"""Half cosines one after another, each from the full rate again."""

from augury.core.errors import UsageError
from augury.learning.schedules._planned import Planned, half_cosine, refuse_floor


class CosineRestarts(Planned):
    """Cosine with warm restarts (Loshchilov and Hutter 2017).

    Parameters
    ----------
    base : float
        The rate at the start of each cycle.
    epochs : int
        Planned; cycles do not depend on it.
    t0 : int
        Epochs of the first cycle, at least 1; default 10.
    t_mult : int
        Each cycle is so many times as long as the one before, at least 1; default 2.
    eta_min : float
        The floor, 0..base; default 0.

    Examples
    --------
    >>> schedule = CosineRestarts(1e-3, 30, t0=3, t_mult=2, eta_min=5e-5)
    >>> [epoch for epoch in range(1, 30) if schedule.rate(epoch) == 1e-3]
    [3, 9, 21]
    """

    def __init__(self, base: float, epochs: int, *, t0: int = 10, t_mult: int = 2, eta_min: float = 0.0) -> None:
        refuse_floor(base, eta_min)
        if t0 < 1 or t_mult < 1:
            raise UsageError(f"t0={t0} and t_mult={t_mult} are whole numbers of at least 1")
        self.base, self.t0, self.t_mult, self.eta_min = base, t0, t_mult, eta_min

    def rate(self, epoch: int) -> float:
        """Return the rate within the cycle the epoch lies in."""
        length = self.t0
        while epoch >= length:
            epoch, length = epoch - length, length * self.t_mult
        return half_cosine(self.base, self.eta_min, epoch / length)


SCHEDULE = CosineRestarts
