"""Any loss, with days weighed by regime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._base import Loss
from augury.learning.losses._days import DayLoss, Rows, day_loss
from augury.learning.losses._regimes import RegimeWeights


class RegimeWeightedLoss(DayLoss):
    """A base loss in which calm markets, being most of the days, are not most of the lesson.

    Parameters
    ----------
    base : str, config or DayLoss
    mode : str
        ``equal``: each regime has the same total weight. ``hard``: regimes that were harder in the previous
        epoch weigh more, within 0.5..2; :meth:`epoch_ended` makes the step.
    days : mapping of int to int, optional
        Days of each regime in the fit slice; with them ``equal`` holds over the epoch, without within a batch.

    Raises
    ------
    UsageError
        Rows of one day lie in two regimes, or in one that has no days.

    Examples
    --------
    >>> loss = RegimeWeightedLoss("mse", mode="equal")
    >>> p, y = torch.zeros(4), torch.tensor([1.0, 1.0, 1.0, 3.0])
    >>> day, regime = torch.arange(4), torch.tensor([0, 0, 0, 1])
    >>> round(float(loss(p, y, day=day, regimes=regime)), 6)
    5.0
    """

    NEEDS: ClassVar[tuple[str, ...]] = ("regimes",)

    def __init__(
        self,
        base: str | Mapping[str, Any] | Loss = "mse",
        mode: str = "equal",
        days: Mapping[int, int] | Sequence[tuple[int, int]] | None = None,
    ) -> None:
        first = day_loss(base)
        super().__init__(base=first, mode=mode, days=None if days is None else dict(days))
        self.base, self.weights = first, RegimeWeights(mode, days)

    @property
    def target_unit(self) -> str:
        """The unit of the base."""
        return self.base.target_unit

    @property
    def days_min(self) -> int:
        """Days the base needs."""
        return self.base.days_min

    def score(self, rows: Rows) -> Tensor:
        """Weigh the days; ``regimes`` is a code a row, the same on all rows of a day."""
        codes = rows.extra["regimes"]
        own = rows.mask.reshape(-1, *codes.shape).any(0)
        lowest = torch.where(own, codes, codes.max()).amin(-1)
        if bool((own & (codes != lowest[:, None])).any()):
            raise UsageError("rows of one day lie in two regimes: a regime is of the day")
        if self.training and self.weights.mode == "hard" and torch.is_grad_enabled():
            values, defined = self.base.per_day(rows)
            self.weights.seen(lowest, values.reshape(-1, len(lowest)).mean(0), defined.reshape(-1, len(lowest)).all(0))
        return self.base.score(replace(rows, weights=self.weights(lowest)))

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Return the base's loss of each day: the weights are of days and stand in :meth:`score`."""
        return self.base.per_day(rows)

    def epoch_ended(self) -> None:
        """Let the next epoch weigh by what this one found; nothing in mode ``equal``."""
        self.weights.epoch_ended()

    def fit(self, targets: Tensor) -> RegimeWeightedLoss:
        """Let the base learn from the training targets."""
        self.settings["base"] = self.base.fit(targets).config()
        return self


LOSS = RegimeWeightedLoss
