"""One minus a rank correlation that has a gradient."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._days import NAMES_MIN, DayLoss, Rows
from augury.learning.losses._statistics import half_of_large, hard_ranks, pearson, soft_ranks


class SoftSpearman(DayLoss):
    """``1 - rho``: Pearson of soft ranks of the scores and hard average ranks of the targets, by day.

    ``r_i = 0.5 + sum_j sigmoid((p_i - p_j) / tau)`` over all j of the day, i included;
    ``tau = temperature x sd(p)``, so that ``100 p`` has the ranks of ``p``. An argsort has no gradient.

    Parameters
    ----------
    temperature : float
        Above 0, in standard deviations of the day's scores; 0.001 gives hard ranks and almost no gradient,
        larger is smoother. Default 0.5.
    names_max : int
        A day with more shows a random half a step: the cost grows with the square. Default 400.

    Examples
    --------
    >>> import torch
    >>> p, y = torch.tensor([0.3, -0.1, 0.4, 0.1, -0.5]), torch.tensor([0.02, -0.01, 0.01, 0.0, -0.03])
    >>> [round(1 - float(SoftSpearman(t)(p.double(), y)), 6) for t in (0.5, 0.1, 0.001)]
    [0.939785, 0.907662, 0.9]
    """

    NAMES_MIN: ClassVar[int] = NAMES_MIN

    def __init__(self, temperature: float = 0.5, names_max: int = 400) -> None:
        super().__init__(temperature=temperature, names_max=names_max)
        if not (temperature > 0 and names_max >= 2 * NAMES_MIN):
            raise UsageError(f"temperature={temperature} is above 0 and names_max={names_max} at least {2 * NAMES_MIN}")
        self.temperature, self.names_max = float(temperature), int(names_max)

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Correlate the ranks of each day."""
        p, y, mask = half_of_large(rows.p, rows.y, rows.mask, self.names_max)
        ranks, ranked = soft_ranks(p, mask, self.temperature)
        found, defined = pearson(ranks, hard_ranks(y, mask), mask)
        return 1 - found, defined & ranked


LOSS = SoftSpearman
