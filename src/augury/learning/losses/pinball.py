"""Quantiles, each trained by its own loss."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._days import DayLoss, Rows
from augury.learning.losses._statistics import mean

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


class Pinball(DayLoss):
    """``max(a e, (a - 1) e)``, ``e = y - q_a``, mean over the levels a: smallest at the true quantiles.

    Measured on every quantile that is given, never on their mean.

    Parameters
    ----------
    levels : sequence of float
        Ascending, inside (0, 1); those of the network are used where it tells them.

    Examples
    --------
    >>> loss = Pinball(levels=(0.1, 0.9))
    >>> round(float(loss(torch.tensor([[-1.0, 1.0]]), torch.tensor([2.0]))), 6)
    0.6

    References
    ----------
    Koenker and Bassett (1978), *Regression quantiles*.
    """

    READS: ClassVar[str] = "quantiles"

    def __init__(self, levels: Sequence[float] = LEVELS) -> None:
        super().__init__(levels=list(levels))
        check_levels(levels)
        self.levels = tuple(float(level) for level in levels)

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Average the levels and rows of a day."""
        levels = levels_of(rows, self.levels)
        error = rows.y[..., None] - rows.p
        a = torch.tensor(levels, dtype=rows.p.dtype, device=rows.p.device)
        return mean(torch.maximum(a * error, (a - 1) * error).mean(-1), rows.mask), rows.mask.any(-1)


def check_levels(levels: Sequence[float]) -> None:
    """Refuse levels that do not ascend inside (0, 1)."""
    inside = all(0 < level < 1 for level in levels)
    if not levels or not inside or any(b <= a for a, b in pairwise(levels)):
        raise UsageError(f"levels={list(levels)} must ascend between 0 and 1")


def levels_of(rows: Rows, own: Sequence[float]) -> Sequence[float]:
    """Return the levels of the last axis: those that came with the rows, else the loss's own."""
    levels: Sequence[float] = rows.extra.get("levels", own)
    if rows.p.ndim != rows.y.ndim + 1 or rows.p.shape[-1] != len(levels):
        raise UsageError(f"{len(levels)} quantiles are expected on the last axis, the output is {tuple(rows.p.shape)}")
    return levels


LOSS = Pinball
