"""How far a symbol's score wanders from what it was."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._days import DayLoss, Rows
from augury.learning.losses._statistics import mean


class Turnover(DayLoss):
    """``|p - EMA|`` with the exponential mean of the same symbol's scores on earlier days of the batch.

    The days of a batch must follow each other in time for this to be turnover; a symbol's first day in
    the batch counts for nothing, and no target is read.

    Parameters
    ----------
    alpha : float
        Weight of the newest score in the mean, (0, 1]; smaller remembers longer. Default 0.9.

    Examples
    --------
    >>> p, day, symbol = torch.tensor([1.0, 2.0, 1.5, 2.0]), torch.tensor([0, 0, 1, 1]), torch.tensor([7, 8, 7, 8])
    >>> float(Turnover()(p, day=day, symbols=symbol))
    0.25
    """

    DAYS_MIN: ClassVar[int] = 2
    NEEDS: ClassVar[tuple[str, ...]] = ("symbols",)

    def __init__(self, alpha: float = 0.9) -> None:
        super().__init__(alpha=alpha)
        if not 0 < alpha <= 1:
            raise UsageError(f"alpha={alpha} is in (0, 1]")
        self.alpha = float(alpha)

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Walk through the days."""
        symbols = rows.extra["symbols"]
        _, code = torch.unique(symbols, return_inverse=True)
        code = code.expand(rows.mask.shape)
        size = (*rows.p.shape[:-2], int(code.max()) + 1)
        kept, seen = rows.p.new_zeros(size), torch.zeros(size, dtype=torch.bool, device=rows.p.device)
        values, defined = [], []
        for at in range(rows.p.shape[-2]):
            p, who, mask = rows.p[..., at, :], code[..., at, :], rows.mask[..., at, :]
            before, known = kept.gather(-1, who), seen.gather(-1, who) & mask
            values.append(mean((p - before).abs(), known))
            defined.append(known.any(-1))
            fresh = torch.where(known, self.alpha * p + (1 - self.alpha) * before, p)
            # A masked cell leaves its symbol as it was: it adds nothing.
            kept = kept.scatter_add(-1, who, torch.where(mask, fresh - before, 0.0))
            seen = seen.long().scatter_add(-1, who, mask.long()) > 0
        return torch.stack(values, -1), torch.stack(defined, -1)


LOSS = Turnover
