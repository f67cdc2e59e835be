"""How large a move will be, whichever its sign."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from augury.learning.losses._days import DayLoss, Rows
from augury.learning.losses._statistics import mean

FLOOR = 1e-4


class Volatility(DayLoss):
    """``y^2 / v^2 + 2 ln v`` of the head ``volatility``, v above 0 (a softplus): smallest at the true sd.

    The likelihood form of QLIKE: too little volatility costs more than too much.

    Examples
    --------
    >>> v = torch.tensor([0.5, 1.0, 2.0])
    >>> [round(float(Volatility()(x[None], torch.ones(1))), 3) for x in v]
    [2.614, 1.0, 1.636]

    References
    ----------
    Patton (2011), *Volatility forecast comparison using imperfect volatility proxies*.
    """

    READS: ClassVar[str] = "volatility"

    def __init__(self) -> None:
        super().__init__()

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Average the rows of a day."""
        v = rows.p.clamp(min=FLOOR)
        return mean((rows.y / v).square() + 2 * torch.log(v), rows.mask), rows.mask.any(-1)


LOSS = Volatility
