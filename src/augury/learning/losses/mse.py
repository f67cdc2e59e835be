"""Squared error."""

from __future__ import annotations

from torch import Tensor

from augury.learning.losses._days import DayLoss, Rows
from augury.learning.losses._statistics import mean


class Mse(DayLoss):
    """Mean squared error of a day: ``mean (p - y)^2``; smallest at the conditional mean.

    Examples
    --------
    >>> import torch
    >>> float(Mse()(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 3.0])))
    0.5
    """

    def __init__(self) -> None:
        super().__init__()

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Average the squares of a day."""
        return mean((rows.p - rows.y).square(), rows.mask), rows.mask.any(-1)


LOSS = Mse
