"""An error of the size plus an error of the order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from augury.core.errors import UsageError
from augury.learning.losses._base import Loss
from augury.learning.losses._days import Combined, day_loss
from augury.learning.losses.soft_spearman import SoftSpearman


class RankPreservingLoss(Combined):
    """``base + rank_weight x (1 - rho)``, rho the soft Spearman correlation of each day.

    Days are kept apart: an offset between two days changes no rank. Days with fewer than 10 names have no
    rank term; without ``day`` the whole batch is one.

    Parameters
    ----------
    rank_weight : float
        >= 0, default 0.1; larger cares more for the order and less for the size.
    temperature : float
        Of :class:`SoftSpearman`.
    base : str, config or DayLoss
        Default ``mse``.

    Examples
    --------
    >>> import torch
    >>> p, y = torch.tensor([0.3, -0.1, 0.4, 0.1, -0.5]), torch.tensor([0.02, -0.01, 0.01, 0.0, -0.03])
    >>> round(float(RankPreservingLoss(rank_weight=0.1)(p, y)), 7)
    0.0999215
    """

    def __init__(
        self, rank_weight: float = 0.1, temperature: float = 0.5, base: str | Mapping[str, Any] | Loss = "mse"
    ) -> None:
        if not rank_weight >= 0:
            raise UsageError(f"rank_weight={rank_weight} is at least 0")
        first = day_loss(base)
        terms = [(1.0, first), (float(rank_weight), SoftSpearman(temperature))]
        super().__init__(terms, rank_weight=rank_weight, temperature=temperature, base=first)


LOSS = RankPreservingLoss
