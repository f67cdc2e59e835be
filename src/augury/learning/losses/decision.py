"""What a trader who believes the outer quantiles would have earned, after cost."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._base import SCALED
from augury.learning.losses._days import NAMES_MIN, DayLoss, Rows, masked
from augury.learning.losses._statistics import mean, variance
from augury.learning.losses.pinball import LEVELS, check_levels, levels_of

FLOOR = 1e-3


class Decision(DayLoss):
    """A position ``tanh(2 m / s^2)`` from the outer quantiles, paid by what came: minus its soft Sharpe ratio.

    m is their middle and s the standard deviation a normal would have between them; the gradient goes
    through both, so a network can earn by being less sure. The payoff of a name is
    ``position y - fee |position|``; the loss of a day is ``-mean / sd`` of the payoffs
    ``+ l2 mean position^2``.

    Parameters
    ----------
    fee : float
        >= 0, for getting in and out, in standard deviations of the target. Default 0.01.
    l2 : float
        >= 0, what large positions cost. Default 0.01.
    levels : sequence of float
        At least two, of the quantiles; those of the network are used where it tells them.

    Examples
    --------
    >>> y = torch.linspace(-1, 1, 20)
    >>> right = torch.stack([y - 1, y, y + 1], -1)
    >>> loss = Decision(levels=(0.05, 0.5, 0.95))
    >>> float(loss(right, y)) < float(loss(right.flip(0), y))
    True
    """

    UNIT: ClassVar[str] = SCALED
    READS: ClassVar[str] = "quantiles"
    NAMES_MIN: ClassVar[int] = NAMES_MIN

    def __init__(self, fee: float = 0.01, l2: float = 0.01, levels: Sequence[float] = LEVELS) -> None:
        super().__init__(fee=fee, l2=l2, levels=list(levels))
        check_levels(levels)
        if not (fee >= 0 and l2 >= 0 and len(levels) > 1):
            raise UsageError(f"fee={fee} and l2={l2} are at least 0; the position needs two levels, got {list(levels)}")
        self.fee, self.l2, self.levels = float(fee), float(l2), tuple(float(level) for level in levels)

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Trade each day."""
        levels = levels_of(rows, self.levels)
        normal = NormalDist()
        apart = normal.inv_cdf(levels[-1]) - normal.inv_cdf(levels[0])
        low, high = rows.p[..., 0], rows.p[..., -1]
        sd = (high - low) / apart
        held = masked(torch.tanh((low + high) / (sd.square() + FLOOR)), rows.mask)
        paid = held * rows.y - self.fee * held.abs()
        spread, _ = variance(paid, rows.mask)
        average = mean(paid, rows.mask)
        # A floor by the size of the day keeps a handful of equal payoffs from looking certain.
        floor = FLOOR**2 * mean(rows.y.square(), rows.mask) + 1e-12
        return -average / (spread + floor).sqrt() + self.l2 * mean(held.square(), rows.mask), rows.mask.any(-1)


LOSS = Decision
