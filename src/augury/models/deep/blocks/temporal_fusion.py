"""What a window says: a walk through it and a look at all of it, joined."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from augury.models.deep.blocks.byte_dropout import ByteDropout
from augury.models.deep.blocks.grn import GatedResidual
from augury.models.deep.blocks.positions import SinePositions
from augury.models.deep.blocks.self_attention import SelfAttention


class TemporalFusion(nn.Module):
    """A one-way LSTM beside a block of self-attention; a gated residual map joins both.

    Parameters
    ----------
    width : int
        H, a multiple of ``heads``.
    heads : int
        4 or 8.
    dropout : float
        0..1.

    Notes
    -----
    Attention looks at the whole window, which ends at the bar of the forecast; the window holds nothing later.

    Examples
    --------
    >>> TemporalFusion(8, heads=2)(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(self, width: int, *, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.walk = nn.LSTM(width, width, batch_first=True)
        self.place = SinePositions(width)
        self.attention = SelfAttention(width, heads)
        self.after_attention = nn.LayerNorm(width)
        self.forward_map = nn.Sequential(
            nn.Linear(width, 4 * width), nn.ReLU(inplace=True), ByteDropout(dropout), nn.Linear(4 * width, width)
        )
        self.after_map = nn.LayerNorm(width)
        self.dropout = ByteDropout(dropout)
        self.join = GatedResidual(2 * width, width, width, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, L, H)`` to ``(N, L, H)``."""
        walked = self.walk(x)[0]
        placed = self.place(x)
        seen = self.after_attention(placed + self.dropout(self.attention(placed)))
        seen = self.after_map(seen + self.dropout(self.forward_map(seen)))
        joined: Tensor = self.join(torch.cat((walked, seen), -1))
        return joined
