"""How much of the scores is only a known factor."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._days import NAMES_MIN, DayLoss, Rows, masked
from augury.learning.losses._statistics import standardised, variance


class Exposure(DayLoss):
    """R squared of a ridge regression of the day's scores on declared exposures, in [0, 1]; no target is read.

    Smallest where the scores say nothing that sector, beta or size would have said.

    Parameters
    ----------
    ridge : float
        Above 0, a share of each exposure's variance: larger explains less. Default 0.001; it also keeps
        exposures that equal each other from breaking the solution.

    Examples
    --------
    >>> size = torch.arange(12.0)[:, None]
    >>> round(float(Exposure()(size[:, 0] * 3, exposures=size)), 3)
    1.0
    """

    NAMES_MIN: ClassVar[int] = NAMES_MIN
    NEEDS: ClassVar[tuple[str, ...]] = ("exposures",)

    def __init__(self, ridge: float = 1e-3) -> None:
        super().__init__(ridge=ridge)
        if not ridge > 0:
            raise UsageError(f"ridge={ridge} is above 0")
        self.ridge = float(ridge)

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Regress each day."""
        given = rows.extra["exposures"].to(rows.p.dtype)
        mask = rows.mask & ~torch.isnan(given).any(-1)
        across = masked(given.expand(*mask.shape, given.shape[-1]), mask).transpose(-1, -2)
        x, _ = standardised(across, mask[..., None, :])
        z, moves = standardised(rows.p, mask)
        n = mask.sum(-1).clamp(min=1).to(x.dtype)
        inner = x @ x.transpose(-1, -2) / n[..., None, None]
        eye = torch.eye(inner.shape[-1], dtype=x.dtype, device=x.device)
        beta = torch.linalg.solve(inner + self.ridge * eye, (x @ z[..., None]) / n[..., None, None])
        rest = z - (x.transpose(-1, -2) @ beta)[..., 0]
        left, _ = variance(rest, mask)
        return 1 - left, moves & (mask.sum(-1) > given.shape[-1])


LOSS = Exposure
