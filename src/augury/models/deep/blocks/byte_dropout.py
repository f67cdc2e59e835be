"""Dropout that draws eight elements at once: on a processor the draws of plain dropout cost more than its product."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from augury.core.errors import UsageError

BYTES = 8
"""Of one drawn integer."""


class ByteDropout(nn.Module):
    """Dropout with the share rounded to 1/256, from a random byte an element; all steps of a window share one draw.

    What is kept is divided by the true share kept, so the mean stays exact. In ``(N, L, H)`` a channel of a row is
    dropped at all of its steps or at none. Steps dropped one by one would move a channel from step to step in training
    only, and what is standardised over steps afterwards (FAN, SAN) would divide by that noise: measured, it is the
    larger part of what kept small networks from learning at all (ADR 14).

    Parameters
    ----------
    share : float
        Of elements set to 0 in training, 0..0.99.

    Examples
    --------
    >>> x = torch.ones(1000, 1000)
    >>> bool((ByteDropout(0.1)(x).mean() - 1).abs() < 0.01), bool((ByteDropout(0.1).eval()(x) == x).all())
    (True, True)
    >>> bool((ByteDropout(0.5)(torch.ones(9, 20, 9)).std(dim=1) == 0).all())
    True

    Notes
    -----
    One draw for all steps after Gal and Ghahramani (2016).
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        if not 0 <= share <= 0.99:
            raise UsageError(f"dropout={share} is outside 0..0.99")
        self.share = share
        self.cut = round(share * 256)

    def forward(self, x: Tensor) -> Tensor:
        """Return x, in training with some elements at 0."""
        if not self.training or not self.cut:
            return x
        shape = (len(x), 1, x.shape[2]) if x.ndim == 3 else x.shape
        if x.is_cuda:
            return x * functional.dropout(x.new_ones(shape), self.share)
        n = math.prod(shape)
        drawn = torch.empty(-(-n // BYTES), dtype=torch.int64).random_(-(2**63), None)
        kept = (drawn.view(torch.uint8)[:n] >= self.cut).to(x.dtype)
        return x * kept.mul_(256 / (256 - self.cut)).view(shape)
