"""One half cosine from the rate down to a floor."""

from augury.learning.schedules._planned import Planned, half_cosine, refuse_floor


class Cosine(Planned):
    """The rate falls along half a cosine; the floor is reached where the epochs end (Loshchilov and Hutter 2017).

    Parameters
    ----------
    base : float
        The rate of epoch 0.
    epochs : int
        Over which it falls.
    eta_min : float
        The floor, 0..base; default 0.

    Examples
    --------
    >>> [round(Cosine(1e-3, 4, eta_min=1e-5).rate(epoch), 6) for epoch in range(5)]
    [0.001, 0.000855, 0.000505, 0.000155, 1e-05]
    """

    def __init__(self, base: float, epochs: int, *, eta_min: float = 0.0) -> None:
        refuse_floor(base, eta_min)
        self.base, self.epochs, self.eta_min = base, epochs, eta_min

    def rate(self, epoch: int) -> float:
        """Return the rate on the cosine; behind its end, the floor."""
        return half_cosine(self.base, self.eta_min, min(1.0, epoch / self.epochs))


SCHEDULE = Cosine
