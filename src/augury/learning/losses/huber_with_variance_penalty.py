"""Huber's loss with a heavy penalty on forecasts that hardly move."""

from __future__ import annotations

from augury.core.errors import UsageError
from augury.learning.losses._base import SCALED
from augury.learning.losses._days import Combined
from augury.learning.losses.huber import Huber
from augury.learning.losses.variance_floor import VarianceFloor


class HuberWithVariancePenalty(Combined):
    """``huber + weight x relu(floor - sd(p) / sd(y))^2``.

    Parameters
    ----------
    weight : float
        >= 0, default 10.
    floor : float
        In (0, 1), default 0.10.
    delta, unit
        As of :class:`Huber`.

    Examples
    --------
    >>> import torch
    >>> y = torch.linspace(-1, 1, 300)
    >>> round(float(HuberWithVariancePenalty()(0.05 * y, y)) - float(Huber()(0.05 * y, y)), 6)
    0.025
    """

    def __init__(
        self, weight: float = 10.0, floor: float = 0.10, delta: float | None = None, unit: str = SCALED
    ) -> None:
        if not weight >= 0:
            raise UsageError(f"weight={weight} is at least 0")
        huber = Huber(delta, unit)
        terms = [(1.0, huber), (float(weight), VarianceFloor(floor))]
        super().__init__(terms, weight=weight, floor=floor, **huber.settings)


LOSS = HuberWithVariancePenalty
