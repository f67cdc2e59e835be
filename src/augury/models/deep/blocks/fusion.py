"""How what the neighbours say joins what the name's own past says."""

from __future__ import annotations

import torch
from torch import Tensor, nn

GAIN = 2.0
"""Of the first weights: at the usual ones what is added is small beside what it is added to (ADR 14)."""


class GatedFusion(nn.Module):
    """``own + sigmoid(Linear [own, others]) * tanh(Linear [own, others])``.

    What the name's own past says always reaches the head in full; the others can only add to it.

    Parameters
    ----------
    width : int
        Of both inputs and of the answer.

    Examples
    --------
    >>> GatedFusion(4)(torch.zeros(3, 4), torch.zeros(3, 4)).shape
    torch.Size([3, 4])
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.both = nn.Linear(2 * width, 2 * width)
        nn.init.xavier_uniform_(self.both.weight, gain=GAIN)

    def forward(self, own: Tensor, others: Tensor) -> Tensor:
        """Join ``(N, H)`` and ``(N, H)`` to ``(N, H)``."""
        gate, value = self.both(torch.cat((own, others), -1)).chunk(2, -1)
        return own + torch.sigmoid(gate) * torch.tanh(value)
