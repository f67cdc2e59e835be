"""One answer per horizon and quantile, in order by construction."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from augury.core.errors import UsageError
from augury.models.deep.network import LEVELS

LONG = 5
"""Horizons above this many rows hold less signal: they pass a bottleneck with more dropout."""
INIT_SD = 0.01


def ordered(raw: Tensor, middle: int) -> Tensor:
    """Turn free numbers into quantiles that never cross.

    The middle one stays; its neighbours lie a softplus away, theirs a further softplus, and so on:
    ``q_k = q_50 + sum softplus(raw_j)`` over the steps between. Sums of what is not negative never fall,
    also in float32, so the order needs no sorting and every number keeps a gradient.

    Parameters
    ----------
    raw : (..., Q)
    middle : int
        Place of the median on the last axis.

    Examples
    --------
    >>> ordered(torch.zeros(3), 1)
    tensor([-0.6931,  0.0000,  0.6931])
    """
    median = raw[..., middle : middle + 1]
    above = median + functional.softplus(raw[..., middle + 1 :]).cumsum(-1)
    below = median - functional.softplus(raw[..., :middle]).flip(-1).cumsum(-1).flip(-1)
    return torch.cat((below, median, above), -1)


class QuantileHead(nn.Module):
    """From a row of the trunk to quantiles of every horizon.

    ``Linear(width, width / 2)``, ELU, dropout and LayerNorm are shared; then one linear map a horizon,
    all of them computed as one. Horizons above 5 rows go through a bottleneck of ``width / 4`` with 1.5 times the
    dropout. Last weights start at sd 0.01 and biases at the quantiles of a standard normal, so an untrained head says
    "nothing known" in units of a standardised target. ELU rather than ReLU: a LayerNorm above units that are all shut
    answers the same for every row and has no gradient, and a narrow trunk gets there (ADR 14).

    Parameters
    ----------
    width : int
        Of the input, at least 4.
    horizons : sequence of int
        In trading rows, ascending.
    levels : sequence of float
        Ascending in (0, 1), 0.5 in the middle.
    dropout : float
        0..1; half of the networks use 0.1. Off in evaluation.

    Raises
    ------
    UsageError
        Levels without a median in the middle, or nothing to say.

    Examples
    --------
    >>> head = QuantileHead(8, (1, 20)).eval()
    >>> head(torch.zeros(3, 8)).shape
    torch.Size([3, 2, 5])
    """

    def __init__(
        self, width: int, horizons: Sequence[int], levels: Sequence[float] = LEVELS, *, dropout: float = 0.1
    ) -> None:
        super().__init__()
        _check(width, horizons, levels)
        self.middle = len(levels) // 2
        self.shared = nn.Sequential(
            nn.Linear(width, width // 2), nn.ELU(), nn.Dropout(dropout), nn.LayerNorm(width // 2)
        )
        short, self.n_levels = sum(h <= LONG for h in horizons), len(levels)
        self.n_short, self.n_long, self.narrow = short, len(horizons) - short, width // 4
        start = _normal_steps(levels)
        if self.n_short:
            self.short = nn.Linear(width // 2, self.n_short * self.n_levels)
            nn.init.normal_(self.short.weight, std=INIT_SD)
            self.short.bias.data.copy_(start.repeat(self.n_short))
        if self.n_long:
            self.bottleneck = nn.Sequential(
                nn.Linear(width // 2, self.n_long * self.narrow), nn.ELU(), nn.Dropout(min(1.5 * dropout, 0.9))
            )
            self.long_weight = nn.Parameter(torch.randn(self.n_long, self.narrow, self.n_levels) * INIT_SD)
            self.long_bias = nn.Parameter(start.repeat(self.n_long, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, width)`` to ``(N, horizons, levels)``, in the units of the target."""
        trunk, parts = self.shared(x), []
        if self.n_short:
            parts.append(self.short(trunk).view(-1, self.n_short, self.n_levels))
        if self.n_long:
            narrow = self.bottleneck(trunk).view(-1, self.n_long, self.narrow)
            parts.append(torch.einsum("nkb,kbq->nkq", narrow, self.long_weight) + self.long_bias)
        raw = parts[0] if len(parts) == 1 else torch.cat(parts, 1)
        return ordered(raw.float(), self.middle)


def _normal_steps(levels: Sequence[float]) -> Tensor:
    """Biases at which :func:`ordered` gives the quantiles of a standard normal."""
    normal = torch.special.ndtri(torch.tensor(levels, dtype=torch.float64))
    steps = normal.diff()
    steps = (steps.exp() - 1).log()  # the inverse of softplus
    middle = len(levels) // 2
    return torch.cat((steps[:middle], torch.zeros(1, dtype=torch.float64), steps[middle:])).float()


def _check(width: int, horizons: Sequence[int], levels: Sequence[float]) -> None:
    if width < 4 or not horizons or list(horizons) != sorted(set(horizons)) or horizons[0] < 1:
        raise UsageError(
            f"a quantile head needs width >= 4 and ascending horizons from 1, got {width} and {list(horizons)}"
        )
    inside = all(0 < level < 1 for level in levels) and list(levels) == sorted(set(levels))
    if not inside or len(levels) % 2 == 0 or not math.isclose(levels[len(levels) // 2], 0.5):
        raise UsageError(f"levels must ascend within (0, 1) with 0.5 in the middle, got {list(levels)}")
