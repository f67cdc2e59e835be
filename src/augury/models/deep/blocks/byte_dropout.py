"""Dropout that draws eight elements at once: on a processor the draws of plain dropout cost more than its product."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from augury.core.errors import UsageError

BYTES = 8
"""Of one drawn integer."""


class ByteDropout(nn.Module):
    """``torch.nn.Dropout`` with the share rounded to 1/256, from a random byte an element.

    What is kept is divided by the true share kept, so the mean stays exact. On a GPU it is plain dropout.

    Parameters
    ----------
    share : float
        Of elements set to 0 in training, 0..0.99.

    Examples
    --------
    >>> x = torch.ones(1000, 1000)
    >>> bool((ByteDropout(0.1)(x).mean() - 1).abs() < 0.01), bool((ByteDropout(0.1).eval()(x) == x).all())
    (True, True)
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
        if x.is_cuda:
            return functional.dropout(x, self.share)
        drawn = torch.empty(-(-x.numel() // BYTES), dtype=torch.int64).random_(-(2**63), None)
        kept = (drawn.view(torch.uint8)[: x.numel()] >= self.cut).to(x.dtype)
        return x * kept.mul_(256 / (256 - self.cut)).view(x.shape)
