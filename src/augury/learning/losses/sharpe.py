"""What a book held by the scores would have earned, against how much that varied."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._days import NAMES_MIN, DayLoss, Rows, masked
from augury.learning.losses._statistics import standardised

FLOOR = 1e-3
"""Of the spread over days, as a share of the size of a day's return: two equal days are no certainty."""


class Sharpe(DayLoss):
    """``-mean / sd`` over days of ``sum_i w_i y_i``, with ``w = tanh(z(p)) / sum |tanh(z(p))|``.

    The book follows the predictions: negating them negates its gross return. Before cost, per period.

    Raises
    ------
    UsageError
        The batch has fewer than two days that count, and no panel around it that may leave the term out.

    Examples
    --------
    >>> y = torch.tensor([1.0, -1.0, 2.0, -1.0])
    >>> day = torch.tensor([0, 0, 1, 1])
    >>> Sharpe.NAMES_MIN, Sharpe.DAYS_MIN
    (10, 2)
    """

    NAMES_MIN: ClassVar[int] = NAMES_MIN
    DAYS_MIN: ClassVar[int] = 2

    def __init__(self) -> None:
        super().__init__()

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Return what each day's book earns."""
        z, moves = standardised(rows.p, rows.mask)
        w = torch.tanh(z)
        gross = torch.where(moves, w.abs().sum(-1), 1.0)
        return (w * rows.y).sum(-1) / gross, moves

    def over_days(self, values: Tensor, counted: Tensor, weights: Tensor | None) -> Tensor:
        """Divide the mean over days by their standard deviation."""
        w = counted.to(values.dtype) if weights is None else counted * weights
        total = w.sum(-1).clamp(min=1e-12)
        kept = masked(values, counted)
        mean = (w * kept).sum(-1) / total
        variance = (w * (kept - mean[..., None]).square()).sum(-1) / total
        floor = (FLOOR**2) * ((w * kept.detach().square()).sum(-1) / total)
        enough = (counted.sum(-1) >= self.DAYS_MIN) & (floor > 0)
        return torch.where(enough, -mean / torch.where(enough, variance + floor, 1.0).sqrt(), 0.0 * mean)

    def forward(
        self,
        predictions: Tensor,
        targets: Tensor | None = None,
        mask: Tensor | None = None,
        day: Tensor | None = None,
        **extra: Tensor | None,
    ) -> Tensor:
        """Measure a batch of several days; see :meth:`DayLoss.forward`."""
        if day is None or int(day.min()) == int(day.max()):
            raise UsageError("a Sharpe ratio needs the days of its rows, at least 2 in a batch: set days_per_batch")
        return super().forward(predictions, targets, mask, day, **extra)


LOSS = Sharpe
