"""The order of a whole day at once, as a distribution over who comes first."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._base import SCALED
from augury.learning.losses._days import NAMES_MIN, DayLoss, Rows, masked


class ListNet(DayLoss):
    """Cross-entropy of ``softmax(y / tau)`` and ``softmax(p / tau)`` over the names of a day.

    Smallest where p equals y up to a constant; the winners of the day weigh most.

    Parameters
    ----------
    tau : float
        Above 0, in standard deviations of the target; smaller looks at the winners alone. Default 0.5.

    Examples
    --------
    >>> round(float(ListNet()(torch.zeros(4), torch.zeros(4))), 6)
    1.386294

    References
    ----------
    Cao, Qin, Liu, Tsai, Li (2007), *Learning to rank: from pairwise approach to listwise approach*.
    """

    UNIT: ClassVar[str] = SCALED
    NAMES_MIN: ClassVar[int] = NAMES_MIN

    def __init__(self, tau: float = 0.5) -> None:
        super().__init__(tau=tau)
        if not tau > 0:
            raise UsageError(f"tau={tau} is above 0")
        self.tau = float(tau)

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Measure each day."""
        # Finite, not minus infinity: a day without any row would be NaN.
        low = torch.finfo(rows.p.dtype).min / 2
        said = torch.log_softmax(torch.where(rows.mask, rows.p / self.tau, low), -1)
        came = torch.softmax(torch.where(rows.mask, rows.y / self.tau, low), -1)
        return -masked(came * masked(said, rows.mask), rows.mask).sum(-1), rows.mask.any(-1)


LOSS = ListNet
