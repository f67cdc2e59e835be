"""Huber's loss that counts a wrong sign more."""

from __future__ import annotations

from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._base import SCALED
from augury.learning.losses.huber import Huber, huber_rows


class DirectionalHuber(Huber):
    """Huber's loss times ``1 + penalty [sign wrong]``; a target of 0 has no wrong sign.

    Parameters
    ----------
    delta, unit
        As of :class:`Huber`.
    penalty : float
        >= 0, default 2: a wrong sign costs three times as much. Larger pulls forecasts towards 0.

    Examples
    --------
    >>> import torch
    >>> loss = DirectionalHuber()
    >>> float(loss(torch.tensor([0.5]), torch.tensor([1.0]))), float(loss(torch.tensor([-0.25]), torch.tensor([0.25])))
    (0.125, 0.375)
    """

    def __init__(self, delta: float | None = None, unit: str = SCALED, penalty: float = 2.0) -> None:
        super().__init__(delta, unit)
        if not penalty >= 0:
            raise UsageError(f"penalty={penalty} is at least 0")
        self.settings["penalty"] = self.penalty = float(penalty)

    def row_losses(self, p: Tensor, y: Tensor) -> Tensor:
        """Measure row by row."""
        return huber_rows(p - y, self.delta) * (1 + self.penalty * (p * y < 0))


LOSS = DirectionalHuber
