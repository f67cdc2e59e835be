"""Squared error near the truth, absolute error far from it."""

from __future__ import annotations

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._base import RAW, SCALED
from augury.learning.losses._days import DayLoss, Rows
from augury.learning.losses._statistics import mean

DELTAS = {SCALED: 1.0, RAW: 0.01}
"""Where the square ends, by unit: about one standard deviation of a daily return."""


def huber_rows(error: Tensor, delta: float) -> Tensor:
    """``e^2 / 2`` within delta, ``delta (|e| - delta / 2)`` beyond, row by row."""
    size = error.abs()
    return torch.where(size <= delta, 0.5 * error.square(), delta * (size - 0.5 * delta))


class Huber(DayLoss):
    """Huber's loss of a day: one wild return moves it linearly, not squarely.

    Parameters
    ----------
    delta : float, optional
        Above 0, in the unit of the targets; smaller cares less about far ones. Default 1 for scaled returns,
        0.01 for returns.
    unit : str
        ``scaled return`` or ``return``.

    Examples
    --------
    >>> float(Huber()(torch.tensor([0.5, 3.0]), torch.zeros(2)))
    1.3125

    References
    ----------
    Huber (1964), *Robust estimation of a location parameter*.
    """

    def __init__(self, delta: float | None = None, unit: str = SCALED) -> None:
        if unit not in DELTAS:
            raise UsageError(f"unit={unit!r} is one of {', '.join(DELTAS)}")
        self_delta = DELTAS[unit] if delta is None else float(delta)
        super().__init__(delta=self_delta, unit=unit)
        if not self_delta > 0:
            raise UsageError(f"delta={delta} is above 0")
        self.delta, self.unit = self_delta, unit

    @property
    def target_unit(self) -> str:
        """The unit that was asked for."""
        return self.unit

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Average the rows of a day."""
        return mean(self.row_losses(rows.p, rows.y), rows.mask), rows.mask.any(-1)

    def row_losses(self, p: Tensor, y: Tensor) -> Tensor:
        """Measure row by row."""
        return huber_rows(p - y, self.delta)


LOSS = Huber
