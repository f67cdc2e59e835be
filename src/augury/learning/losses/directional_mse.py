"""Squared error that counts a wrong sign more."""

from __future__ import annotations

from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._days import DayLoss, Rows
from augury.learning.losses._statistics import mean


class DirectionalMse(DayLoss):
    """Squared error times ``1 + penalty [sign wrong]``; a target of 0 has no wrong sign.

    Parameters
    ----------
    penalty : float
        >= 0, default 2.

    Examples
    --------
    >>> import torch
    >>> float(DirectionalMse()(torch.tensor([-0.5]), torch.tensor([0.5])))
    3.0
    """

    def __init__(self, penalty: float = 2.0) -> None:
        super().__init__(penalty=penalty)
        if not penalty >= 0:
            raise UsageError(f"penalty={penalty} is at least 0")
        self.penalty = float(penalty)

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Average the rows of a day."""
        wrong = rows.p * rows.y < 0
        return mean((rows.p - rows.y).square() * (1 + self.penalty * wrong), rows.mask), rows.mask.any(-1)


LOSS = DirectionalMse
