"""Where a bar stands, for networks whose attention would not know."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class SinePositions(nn.Module):
    """Add sines and cosines of the place (Vaswani et al. 2017); nothing is learned.

    Parameters
    ----------
    width : int
        Of a state.

    Examples
    --------
    >>> SinePositions(4)(torch.zeros(1, 2, 4))[0, 0].tolist()
    [0.0, 1.0, 0.0, 1.0]
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        pairs = torch.arange((width + 1) // 2)
        self.register_buffer("rates", torch.exp(pairs * (-2 * math.log(10_000.0) / width)), persistent=False)
        self.rates: Tensor
        self.width = width

    def forward(self, x: Tensor) -> Tensor:
        """Add them to ``(B, T, W)``."""
        angles = torch.arange(x.shape[1], device=x.device)[:, None] * self.rates
        waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
        return x + waves[:, : self.width].to(x.dtype)
