"""Forecasts that hardly move are pushed apart, those that move enough are left alone."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._days import NAMES_MIN, DayLoss, Rows
from augury.learning.losses._statistics import variance

FORMS = ("square", "log")
ROWS_ENOUGH = 256
"""Rows whose spread is known well enough; smaller batches without days are averaged with those before."""
SMALLEST = 1e-12
"""Added to the squared ratio: a constant has a finite logarithm and root."""


class VarianceFloor(DayLoss):
    """A floor under ``ratio = sd(p) / sd(y)``: without unit, exactly 0 and without gradient above it.

    ``square``: ``relu(floor - ratio)^2``. ``log``: ``max(0, -ln(ratio / floor))``, which never lets go of a
    network that has nearly collapsed. Note that the best squared error at a coefficient of 0.03 has a ratio
    of 0.03: see :meth:`judged`. No loss clears a collapsed network; that is the detector's verdict.

    Parameters
    ----------
    floor : float
        In (0, 1), default 0.10.
    form : str
        ``square`` or ``log``.

    Examples
    --------
    >>> y = torch.linspace(-1, 1, 300)
    >>> [round(float(VarianceFloor()(share * y, y)), 6) for share in (0.05, 0.2)]
    [0.0025, 0.0]
    """

    NAMES_MIN: ClassVar[int] = NAMES_MIN
    average: Tensor

    def __init__(self, floor: float = 0.10, form: str = "square") -> None:
        super().__init__(floor=floor, form=form)
        if not 0 < floor < 1 or form not in FORMS:
            raise UsageError(f"floor={floor} lies between 0 and 1, form={form!r} is one of {', '.join(FORMS)}")
        self.floor, self.form, self.active = float(floor), form, True
        self.register_buffer("average", torch.zeros(2))

    def judged(self, ic: float) -> None:
        """Switch the floor off when the coefficient of the select slice is above 0 and justifies less spread."""
        self.active = not 0 < ic < self.floor

    def score(self, rows: Rows) -> Tensor:
        """Measure; a small batch without days stands beside the average of those before it."""
        return super().score(rows) if self.active else 0.0 * rows.p.sum((-1, -2))

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Compare the spreads of each day."""
        said, _ = variance(rows.p, rows.mask)
        came, moves = variance(rows.y, rows.mask)
        if not rows.named and rows.p.ndim == 2 and torch.is_grad_enabled() and bool(moves):
            said, came = self._averaged(said, came, int(rows.mask.sum()))
        ratio = torch.where(moves, said / torch.where(moves, came, 1.0) + SMALLEST, 1.0).sqrt()
        if self.form == "log":
            return (math.log(self.floor) - ratio.log()).clamp(min=0.0), moves
        return (self.floor - ratio).clamp(min=0.0).square(), moves

    def _averaged(self, said: Tensor, came: Tensor, rows: int) -> tuple[Tensor, Tensor]:
        """Blend with earlier batches in the share of rows that is missing to 256; the gradient is this batch's."""
        fresh = torch.cat([said, came])
        seen = bool(self.average[1] > 0)
        share = min(1.0, rows / ROWS_ENOUGH) if seen else 1.0
        blended = share * fresh + (1 - share) * self.average.to(fresh)
        self.average = blended.detach().to(self.average)
        return blended[:1], blended[1:]


LOSS = VarianceFloor
