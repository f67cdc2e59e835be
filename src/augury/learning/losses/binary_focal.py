"""Focal loss of one logit: is it, or is it not."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from augury.core.errors import UsageError
from augury.learning.losses._base import BINARY, Loss
from augury.learning.losses._days import full
from augury.learning.losses.focal import mean_of_rows


class BinaryFocalLoss(Loss):
    """Focal loss of a single logit: ``-a (1 - p)^gamma ln p`` for ones, ``-(1 - a) p^gamma ln(1 - p)`` for zeros.

    Parameters
    ----------
    gamma : float
        >= 0, default 2.
    alpha : float
        Weight of ones, in (0, 1); zeros have the rest. Default 0.25 against 0.75: with gamma 2 the rare ones
        are already the hard rows (Lin and others 2017).

    Examples
    --------
    >>> round(float(BinaryFocalLoss()(torch.zeros(1), torch.ones(1))), 6)
    0.043322
    """

    UNIT: ClassVar[str] = BINARY
    READS: ClassVar[str] = "logits"

    def __init__(self, gamma: float = 2.0, alpha: float = 0.25) -> None:
        super().__init__(gamma=gamma, alpha=alpha)
        if not (gamma >= 0 and 0 < alpha < 1):
            raise UsageError(f"gamma={gamma} is at least 0 and alpha={alpha} lies between 0 and 1")
        self.gamma, self.alpha = float(gamma), float(alpha)

    def forward(self, logits: Tensor, y: Tensor, mask: Tensor | None = None) -> Tensor:
        """Measure logits ``(N,)`` against 0 and 1 ``(N,)``; masked rows count for nothing."""
        said, came = full(logits), y.to(full(logits).dtype)
        if mask is not None:
            said, came = torch.where(mask, said, 0.0), torch.where(mask, came, 0.0)
        entropy = binary_cross_entropy_with_logits(said, came, reduction="none")
        missed = (-torch.expm1(-entropy)).clamp(min=0.0) ** self.gamma if self.gamma else torch.ones_like(entropy)
        weight = self.alpha * came + (1 - self.alpha) * (1 - came)
        return mean_of_rows(weight * missed * entropy, mask)


LOSS = BinaryFocalLoss
