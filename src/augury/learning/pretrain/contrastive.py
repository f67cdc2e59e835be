"""Two views of one window are alike, views of other windows are not."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from augury.core.errors import DataError
from augury.learning.pretrain._windows import BATCH, WindowData, WindowPretraining

TEMPERATURE: Final = 0.1
PROJECTION: Final = 64
JITTER, SCALE, ERASED = 0.05, 0.1, 0.15
"""Of a view: sd of the noise, sd of the one factor, and the share of bars erased in one block."""


def info_nce(first: Tensor, second: Tensor, excluded: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Mean cross-entropy of finding each row's other view, both ways.

    Parameters
    ----------
    first, second : (B, D)
        Row i of both is one window.
    excluded : (B, B) bool
        Pairs that are no negatives; the diagonal is never excluded.
    temperature : float
        Smaller minds the nearest negatives more.

    Examples
    --------
    >>> view = torch.eye(2)
    >>> round(float(info_nce(view, view, torch.zeros(2, 2, dtype=torch.bool), 1.0)), 6)
    0.313262
    >>> float(info_nce(view, view, ~torch.eye(2, dtype=torch.bool)))
    0.0
    """
    likeness = normalize(first, dim=1) @ normalize(second, dim=1).T / temperature
    likeness = likeness.masked_fill(
        excluded & ~torch.eye(len(first), dtype=torch.bool, device=first.device), -torch.inf
    )
    truth = torch.arange(len(first), device=first.device)
    return 0.5 * (cross_entropy(likeness, truth) + cross_entropy(likeness.T, truth))


def overlapping(symbol: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Say which pairs of windows share a bar, ``(B, B)`` bool.

    Examples
    --------
    >>> overlapping(torch.tensor([0, 0, 1]), torch.tensor([0, 5, 5]), torch.tensor([9, 14, 14])).int().tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    """
    same = symbol[:, None] == symbol[None]
    return same & (start[:, None] <= end[None]) & (start[None] <= end[:, None])


class Contrastive(WindowPretraining):
    """InfoNCE over two augmented views; the mean of the states over the bars is projected and compared.

    Parameters
    ----------
    encoder : Module
    data : WindowData
        With ``symbol``, ``start`` and ``end``: windows that share bars are never each other's negatives.
    batch_size : int
        Larger gives more negatives.
    seed : int
    """

    def __init__(self, encoder: nn.Module, data: WindowData, *, batch_size: int = BATCH, seed: int = 1337) -> None:
        if data.symbol is None or data.start is None or data.end is None:
            raise DataError("contrastive pre-training needs to know which windows overlap: symbol, start and end")
        own: Any = encoder
        super().__init__(encoder, data, nn.Linear(int(own.width), PROJECTION), batch_size, seed)
        self.places = tuple(torch.from_numpy(column) for column in (data.symbol, data.start, data.end))

    def loss(self, batch: Tensor) -> Tensor:
        """Return the loss of two fresh views of each window."""
        x = self.inputs(batch)
        both = self.heads(self.encode(torch.cat([self._view(x), self._view(x)])).mean(dim=1))
        first, second = both.chunk(2)
        symbol, start, end = (column[batch] for column in self.places)
        return info_nce(first, second, overlapping(symbol, start, end).to(x.device))

    def _view(self, x: Tensor) -> Tensor:
        """Noise, one factor, and one block erased."""
        rows, bars, width = x.shape
        noise = torch.randn((rows, bars, width), generator=self._draws) * JITTER
        factor = 1.0 + SCALE * torch.randn((rows, 1, 1), generator=self._draws)
        length = max(1, round(ERASED * bars))
        first = torch.randint(0, bars - length + 1, (rows, 1), generator=self._draws)
        at = torch.arange(bars)[None]
        kept = ((at < first) | (at >= first + length))[..., None]
        return (x * factor.to(x.device) + noise.to(x.device)) * kept.to(x.device)


PRETRAIN = Contrastive
