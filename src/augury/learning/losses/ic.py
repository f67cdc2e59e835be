"""One minus the information coefficient."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from augury.learning.losses._days import NAMES_MIN, DayLoss, Rows
from augury.learning.losses._statistics import pearson


class InformationCoefficient(DayLoss):
    """``1 - Pearson(p, y)`` of a day, in [0, 2]; level and scale of the scores do not matter.

    Days on which either never moves are left out.

    Examples
    --------
    >>> import torch
    >>> round(float(InformationCoefficient()(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.1, 0.4, 0.3]))), 6)
    0.345346
    """

    NAMES_MIN: ClassVar[int] = NAMES_MIN

    def __init__(self) -> None:
        super().__init__()

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Correlate each day."""
        found, defined = pearson(rows.p, rows.y, rows.mask)
        return 1 - found, defined


LOSS = InformationCoefficient
