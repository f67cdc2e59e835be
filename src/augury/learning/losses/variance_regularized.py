"""Any loss, with a floor under the spread of the forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from augury.core.errors import UsageError
from augury.learning.losses._base import Loss
from augury.learning.losses._days import Combined, day_loss
from augury.learning.losses.variance_floor import VarianceFloor


class VarianceRegularized(Combined):
    """``base + weight x variance floor``.

    Parameters
    ----------
    base : str, config or DayLoss
        Default ``mse``.
    weight : float
        >= 0, default 1 (``--variance-regularization 1.0``).
    floor, form
        As of :class:`VarianceFloor`; default 0.10 and ``log``.

    Examples
    --------
    >>> import torch
    >>> y = torch.linspace(-1, 1, 300)
    >>> round(float(VarianceRegularized()(0.05 * y, y)) - float(((0.95 * y) ** 2).mean()), 4)
    0.6931
    """

    def __init__(
        self,
        base: str | Mapping[str, Any] | Loss = "mse",
        weight: float = 1.0,
        floor: float = 0.10,
        form: str = "log",
    ) -> None:
        if not weight >= 0:
            raise UsageError(f"weight={weight} is at least 0")
        first = day_loss(base)
        terms = [(1.0, first), (float(weight), VarianceFloor(floor, form))]
        super().__init__(terms, base=first, weight=weight, floor=floor, form=form)


LOSS = VarianceRegularized
