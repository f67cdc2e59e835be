"""The rank-preserving loss of several horizons at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._base import Loss
from augury.learning.losses._horizons import horizon_shares
from augury.learning.losses.rank_preserving import RankPreservingLoss

HORIZONS = ("horizon_1d", "horizon_5d", "horizon_10d", "horizon_20d")


class MultiHorizonRankPreservingLoss(Loss):
    """Weighted mean over horizons of :class:`RankPreservingLoss`.

    Parameters
    ----------
    horizons : sequence of str
        Keys of both dictionaries, ``horizon_<days>d``.
    rank_weight, temperature, base
        As of :class:`RankPreservingLoss`.
    horizon_weights : mapping of int to float, optional
        By days; default 1.0 / 0.6 / 0.3 / 0.2 for 1 / 5 / 10 / 20. Normalised to 1.

    Raises
    ------
    UsageError
        A key that is missing in either dictionary, a horizon without weight.

    Examples
    --------
    >>> loss = MultiHorizonRankPreservingLoss(horizons=["horizon_1d"])
    >>> p, y = torch.tensor([0.3, -0.1, 0.4, 0.1, -0.5]), torch.tensor([0.02, -0.01, 0.01, 0.0, -0.03])
    >>> round(float(loss({"horizon_1d": p}, {"horizon_1d": y})), 7)
    0.0999215
    """

    def __init__(
        self,
        horizons: Sequence[str] = HORIZONS,
        rank_weight: float = 0.1,
        temperature: float = 0.5,
        base: str | Mapping[str, Any] | Loss = "mse",
        horizon_weights: Mapping[int, float] | Sequence[tuple[int, float]] | None = None,
    ) -> None:
        one = RankPreservingLoss(rank_weight, temperature, base)
        weights = None if horizon_weights is None else dict(horizon_weights)
        super().__init__(horizons=list(horizons), horizon_weights=weights, **one.settings)
        self.shares = dict(zip(horizons, horizon_shares([_days(name) for name in horizons], weights), strict=True))
        self.loss = one

    @property
    def target_unit(self) -> str:
        """The unit of the base."""
        return self.loss.target_unit

    def forward(
        self,
        predictions: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        mask: Mapping[str, Tensor] | Tensor | None = None,
        day: Tensor | None = None,
    ) -> Tensor:
        """Measure dictionaries of ``(N,)`` by horizon; a mask is one for all or one each."""
        lost = [name for name in self.shares if name not in predictions or name not in targets]
        if lost:
            raise UsageError(
                f"horizons {lost} are missing: predictions have {sorted(predictions)}, targets {sorted(targets)}"
            )
        scores = []
        for name, share in self.shares.items():
            own = mask[name] if isinstance(mask, Mapping) else mask
            scores.append(share * self.loss(predictions[name], targets[name], own, day))
        return torch.stack(scores).sum()


def _days(name: str) -> int:
    digits = name.removeprefix("horizon_").removesuffix("d")
    if name != f"horizon_{digits}d" or not digits.isdecimal():
        raise UsageError(f"'{name}' is no horizon: they are called horizon_<days>d, such as horizon_5d")
    return int(digits)


LOSS = MultiHorizonRankPreservingLoss
