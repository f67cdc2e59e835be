"""Down, flat or up: the sign of the target as a class."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._days import DayLoss, Rows
from augury.learning.losses._statistics import mean


class Sign(DayLoss):
    """Cross-entropy of the head ``sign (..., 3)``, logits of down, flat and up.

    Parameters
    ----------
    flat : float
        Targets of at most this size are flat, >= 0, in the unit of the target. Default 0.

    Examples
    --------
    >>> round(float(Sign()(torch.tensor([[0.0, 0.0, 0.0]]), torch.tensor([0.7]))), 6)
    1.098612
    """

    READS: ClassVar[str] = "sign"

    def __init__(self, flat: float = 0.0) -> None:
        super().__init__(flat=flat)
        if not flat >= 0:
            raise UsageError(f"flat={flat} is at least 0")
        self.flat = float(flat)

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Average the rows of a day."""
        if rows.p.ndim != rows.y.ndim + 1 or rows.p.shape[-1] != 3:
            raise UsageError(f"a sign head gives 3 logits a row, the output is {tuple(rows.p.shape)}")
        came = (torch.sign(rows.y) * (rows.y.abs() > self.flat)).long() + 1
        missed = -torch.log_softmax(rows.p, -1).gather(-1, came[..., None])[..., 0]
        return mean(missed, rows.mask), rows.mask.any(-1)


LOSS = Sign
