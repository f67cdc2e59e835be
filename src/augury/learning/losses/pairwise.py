"""Which of two names comes first: a logistic loss over pairs of a day."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

from augury.core.errors import UsageError
from augury.learning.losses._base import SCALED
from augury.learning.losses._days import NAMES_MIN, DayLoss, Rows, masked


class Pairwise(DayLoss):
    """``softplus(-sign(y_i - y_j) (p_i - p_j) / tau)``, mean over pairs of a day whose targets differ.

    Parameters
    ----------
    tau : float
        Above 0, in the unit of the scores; smaller wants smaller gaps. Default 0.5.
    share : float
        Of the pairs of a day, (0, 1]: drawn anew each step from torch's own stream; without gradient all pairs
        are measured. Default 0.25.

    Examples
    --------
    >>> p, y = torch.tensor([0.0, 1.0]), torch.tensor([-1.0, 1.0])
    >>> round(float(Pairwise(tau=1.0, share=1.0)(p, y)), 6)
    0.313262

    References
    ----------
    Burges and others (2005), *Learning to rank using gradient descent*.
    """

    UNIT: ClassVar[str] = SCALED
    NAMES_MIN: ClassVar[int] = NAMES_MIN

    def __init__(self, tau: float = 0.5, share: float = 0.25) -> None:
        super().__init__(tau=tau, share=share)
        if not (tau > 0 and 0 < share <= 1):
            raise UsageError(f"tau={tau} is above 0 and share={share} in (0, 1]")
        self.tau, self.share = float(tau), float(share)

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Measure the pairs of each day."""
        sampled = self.share < 1 and torch.is_grad_enabled()
        gap_p, gap_y, pairs = self._drawn(rows) if sampled else _all(rows)
        sign = torch.sign(gap_y)
        counted = pairs & (sign != 0)
        found = masked(softplus(-sign * gap_p / self.tau), counted).flatten(rows.p.ndim - 1).sum(-1)
        n = counted.flatten(rows.p.ndim - 1).sum(-1)
        return found / n.clamp(min=1), n > 0

    def _drawn(self, rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
        """Pairs of two different names, drawn with replacement."""
        n = rows.mask.sum(-1, keepdim=True)
        front = torch.argsort((~rows.mask).to(torch.uint8), dim=-1, stable=True)
        most = int(n.max())
        draws = max(1, round(self.share * most * (most - 1) / 2))
        dice = torch.rand((2, *rows.mask.shape[:-1], draws), device=rows.p.device)
        first = (dice[0] * n).long().clamp(max=most)
        second = (first + 1 + (dice[1] * (n - 1)).long()) % n.clamp(min=1)
        wanted = (self.share * n * (n - 1) / 2).round().clamp(min=1)
        pairs = (torch.arange(draws, device=rows.p.device) < wanted) & (n > 1)
        i, j = (front.gather(-1, place.clamp(0, rows.mask.shape[-1] - 1)) for place in (first, second))
        return rows.p.gather(-1, i) - rows.p.gather(-1, j), rows.y.gather(-1, i) - rows.y.gather(-1, j), pairs


def _all(rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
    gaps = (x[..., :, None] - x[..., None, :] for x in (rows.p, rows.y))
    return *gaps, rows.mask[..., :, None] & rows.mask[..., None, :]  # type: ignore[return-value]


LOSS = Pairwise
