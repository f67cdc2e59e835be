"""Neighbouring horizons should not contradict each other."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._days import NAMES_MIN, DayLoss, Rows
from augury.learning.losses._statistics import pearson


class Consistency(DayLoss):
    """``1 - Pearson`` of the scores of neighbouring horizons of a day, mean over the pairs; no target is read.

    Examples
    --------
    >>> import torch
    >>> scores = torch.arange(12.0)
    >>> round(float(Consistency()(torch.stack([scores, 2 * scores + 1], -1))), 6)
    0.0
    """

    READS: ClassVar[str] = "horizons"
    NAMES_MIN: ClassVar[int] = NAMES_MIN

    def __init__(self) -> None:
        super().__init__()

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Correlate neighbours on the last axis of ``(..., D, M, H)``."""
        if rows.p.ndim <= rows.y.ndim or rows.p.shape[-1] < 2:
            raise UsageError(f"neighbours need two horizons on the last axis, the output is {tuple(rows.p.shape)}")
        by_horizon = rows.p.movedim(-1, 0)
        mask = rows.mask.expand(by_horizon[1:].shape)
        found, defined = pearson(by_horizon[:-1], by_horizon[1:], mask)
        return ((1 - found) * defined).sum(0) / defined.sum(0).clamp(min=1), defined.any(0)


LOSS = Consistency
