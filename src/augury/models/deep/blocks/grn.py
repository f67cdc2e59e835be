"""The gated residual map: a small network that may also leave its input alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from augury.models.deep.blocks.byte_dropout import ByteDropout


class GatedResidual(nn.Module):
    """``LayerNorm(g h + (1 - g) skip(x))`` with ``h`` a three-layer map of x and ``g = sigmoid(Linear h)``.

    The gate decides per channel how much of the map is worth having; near 0 the input passes through.

    Parameters
    ----------
    inputs, width, outputs : int
        Widths of the input, the two hidden layers and the answer. The skip is the identity when input and
        answer are equally wide, else a linear map.
    dropout : float
        Behind both hidden layers, 0..1.

    Notes
    -----
    Looks at one step at a time. After Lim et al. 2021 (Temporal Fusion Transformers); there the skip is
    added in full, here the gate shares between both.

    Examples
    --------
    >>> GatedResidual(4, 8, 6)(torch.zeros(3, 4)).shape
    torch.Size([3, 6])
    """

    def __init__(self, inputs: int, width: int, outputs: int, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.map = nn.Sequential(
            nn.Linear(inputs, width),
            nn.ELU(inplace=True),
            ByteDropout(dropout),
            nn.Linear(width, width),
            nn.ELU(inplace=True),
            ByteDropout(dropout),
            nn.Linear(width, outputs),
        )
        self.gate = nn.Linear(outputs, outputs)
        self.skip = nn.Identity() if inputs == outputs else nn.Linear(inputs, outputs)
        self.norm = nn.LayerNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., inputs)`` to ``(..., outputs)``."""
        mapped, skipped = self.map(x), self.skip(x)
        normed: Tensor = self.norm(skipped + torch.sigmoid(self.gate(mapped)) * (mapped - skipped))
        return normed
