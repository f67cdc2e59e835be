"""Forecasts near zero are pushed away from it."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._base import SCALED
from augury.learning.losses._days import DayLoss, Rows
from augury.learning.losses._statistics import mean


class Repulsion(DayLoss):
    """``exp(-5 |p|)``, mean over a day; no target is read.

    It pays for noise: a forecast that knows nothing should lie near 0. Kept for comparison, with weight 0
    wherever it is part of another loss.

    Parameters
    ----------
    sharpness : float
        Above 0, per standard deviation of the target; larger reaches less far. Default 5.

    Examples
    --------
    >>> float(Repulsion()(torch.zeros(3)))
    1.0
    """

    UNIT: ClassVar[str] = SCALED

    def __init__(self, sharpness: float = 5.0) -> None:
        super().__init__(sharpness=sharpness)
        if not sharpness > 0:
            raise UsageError(f"sharpness={sharpness} is above 0")
        self.sharpness = float(sharpness)

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Average the rows of a day."""
        return mean(torch.exp(-self.sharpness * rows.p.abs()), rows.mask), rows.mask.any(-1)


LOSS = Repulsion
