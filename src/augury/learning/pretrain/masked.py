"""Hide bars of a window and tell them from the rest."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn

from augury.core.errors import UsageError
from augury.learning.pretrain._windows import BATCH, WindowData, WindowPretraining

SHAPES: Final = ("patch", "block", "random")
"""What is hidden: patches of 7 bars, one block, or single bars."""
SHARE: Final = 0.15
PATCH: Final = 7
_SPREAD_WEIGHT: Final = 0.1


class Filler(nn.Module):
    """The mask vector and the decoder.

    Parameters
    ----------
    width : int
        States of a bar.
    n_features : int
    """

    def __init__(self, width: int, n_features: int) -> None:
        super().__init__()
        self.mask = nn.Parameter(torch.zeros(n_features))
        self.decoder = nn.Sequential(nn.Linear(width, 128), nn.ReLU(), nn.Linear(128, n_features))

    def forward(self, states: Tensor) -> Tensor:
        """Turn states into features."""
        filled: Tensor = self.decoder(states)
        return filled


def hidden_bars(rows: int, bars: int, shape: str, share: float, draws: torch.Generator) -> Tensor:
    """Draw which bars are hidden, ``(rows, bars)`` bool, the same number in each window.

    ``patch`` hides ``round(share x patches)`` of the 7-bar patches: 2 of 15 in 105 bars.

    Examples
    --------
    >>> draws = torch.Generator().manual_seed(0)
    >>> [int(hidden_bars(1, 105, shape, 0.15, draws).sum()) for shape in SHAPES]
    [14, 16, 16]
    """
    if shape == "block":
        length = max(1, round(share * bars))
        first = torch.randint(0, bars - length + 1, (rows, 1), generator=draws)
        at = torch.arange(bars)[None]
        return (at >= first) & (at < first + length)
    size = PATCH if shape == "patch" else 1
    places = bars // size
    chosen = torch.rand(rows, places, generator=draws).argsort(dim=1)[:, : max(1, round(share * places))]
    hidden = torch.zeros(rows, places, dtype=torch.bool).scatter_(1, chosen, True).repeat_interleave(size, dim=1)
    return torch.nn.functional.pad(hidden, (0, bars - hidden.shape[1]))


class Masked(WindowPretraining):
    """Mean squared error on the hidden bars only, and a floor under the spread of the states.

    ``loss = MSE(hidden) + 0.1 mean relu(1 - sd)``, sd over windows and bars of each state of the masked pass.
    The clean window is never encoded.

    Parameters
    ----------
    encoder : Module
    data : WindowData
    shape : str
        One of :data:`SHAPES`.
    share : float
        Share of the bars that is hidden, 0..1; more is harder.
    batch_size : int
    seed : int
    """

    def __init__(
        self,
        encoder: nn.Module,
        data: WindowData,
        *,
        shape: str = "patch",
        share: float = SHARE,
        batch_size: int = BATCH,
        seed: int = 1337,
    ) -> None:
        if shape not in SHAPES or not 0 < share < 1:
            raise UsageError(f"shape={shape!r} is one of {', '.join(SHAPES)} and share={share} between 0 and 1")
        own: Any = encoder
        super().__init__(encoder, data, Filler(int(own.width), data.features.shape[-1]), batch_size, seed)
        self.shape, self.share = shape, share

    def loss(self, batch: Tensor) -> Tensor:
        """Return the error on the bars that are hidden now."""
        x = self.inputs(batch)
        hidden = hidden_bars(x.shape[0], x.shape[1], self.shape, self.share, self._draws).to(x.device)
        return self.error(x, hidden)

    def error(self, x: Tensor, hidden: Tensor) -> Tensor:
        """Return the loss of windows with given bars hidden; values of other bars are context, never a target."""
        mask: Any = self.heads.mask
        states = self.encode(torch.where(hidden[..., None], mask, x))
        error: Tensor = (self.heads(states) - x)[hidden].square().mean()
        spread = states.flatten(0, 1).std(dim=0, correction=0)
        return error + _SPREAD_WEIGHT * torch.relu(1.0 - spread).mean()


PRETRAIN = Masked
