"""Forecasts of one sign only are pushed back, by a share that has a gradient."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._days import DayLoss, Rows
from augury.learning.losses._statistics import mean


class SignBalance(DayLoss):
    """``4 (mean sigmoid(p / tau) - base)^2``, tau a tenth of the target's sd: a positive share one can descend on.

    A counted share of positive signs has gradient exactly 0. The share is taken over the whole batch: a day
    may well be one of rises only.

    Parameters
    ----------
    base : float
        Positive share of the fit slice, in (0, 1); :meth:`fit` learns it. Default 0.5.
    target_sd : float
        Of the targets, above 0; :meth:`fit` learns it. Default 1, of scaled returns.

    Examples
    --------
    >>> round(float(SignBalance()(torch.full((8,), 5.0))), 6), float(SignBalance()(torch.zeros(8)))
    (1.0, 0.0)
    """

    UNIT: ClassVar[str] = "any return"

    def __init__(self, base: float = 0.5, target_sd: float = 1.0) -> None:
        super().__init__(base=base, target_sd=target_sd)
        if not (0 < base < 1 and target_sd > 0):
            raise UsageError(f"base={base} lies between 0 and 1 and target_sd={target_sd} above 0")
        self.base, self.target_sd = float(base), float(target_sd)

    def fit(self, targets: Tensor) -> SignBalance:
        """Learn the positive share and the spread of the training targets; missing ones are left out."""
        known = targets[~torch.isnan(targets)].double()
        moved = known[known != 0]
        learnt = SignBalance(float((moved > 0).double().mean()), float(known.std(correction=0)))
        self.settings, self.base, self.target_sd = learnt.settings, learnt.base, learnt.target_sd
        return self

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Return the positive share of each day."""
        return mean(torch.sigmoid(rows.p / (0.1 * self.target_sd)), rows.mask), rows.mask.any(-1)

    def over_days(self, values: Tensor, counted: Tensor, weights: Tensor | None) -> Tensor:
        """Square how far the mean share is off."""
        share = super().over_days(values, counted, weights)
        return torch.where(counted.any(-1), 4 * (share - self.base).square(), 0.0 * share)


LOSS = SignBalance
