"""Normalisation by overlapping slices of the window, the youngest ending at its last step."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

EPSILON = 1e-5


def slice_bounds(steps: int, slices: int) -> list[tuple[int, int]]:
    """Return first step and end of each slice, the youngest first.

    Slices are ``ceil(2 L / (n + 1))`` long and move by half of that; slice k ends at step ``L - k stride`` and the
    oldest begins at step 0.

    Examples
    --------
    >>> slice_bounds(20, 3)
    [(10, 20), (5, 15), (0, 10)]
    """
    length = math.ceil(2 * steps / (slices + 1))
    stride = max(1, length // 2)
    ends = [max(1, steps - k * stride) for k in range(slices)]
    bounds = [(max(0, end - length), end) for end in ends]
    return [*bounds[:-1], (0, ends[-1])]


class SliceNorm(nn.Module):
    """Standardise each slice over its steps, scale and shift it, average where slices overlap, add to the input.

    Parameters
    ----------
    width : int
        Channels; scale and shift are per slice and channel.
    slices : int
        At least 1.
    step_causal : bool
        Step t of a slice is standardised by the slice's steps up to t, so that no step reads a later one; else by
        all of the slice, which for the last step of the window is the same past.

    Examples
    --------
    >>> bool((SliceNorm(2)(torch.ones(1, 8, 2)) == 1).all())
    True
    """

    def __init__(self, width: int, slices: int = 3, *, step_causal: bool = False) -> None:
        super().__init__()
        self.slices, self.step_causal = slices, step_causal
        self.scale = nn.Parameter(torch.ones(slices, width))
        self.shift = nn.Parameter(torch.zeros(slices, width))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, L, H)`` to ``(N, L, H)``."""
        steps = x.shape[1]
        added = torch.zeros_like(x, dtype=torch.float32)
        counts = torch.zeros(steps, 1, device=x.device)
        for at, (begin, end) in enumerate(slice_bounds(steps, self.slices)):
            piece = x[:, begin:end].float()
            mean, spread = _running(piece) if self.step_causal else _whole(piece)
            added[:, begin:end] += torch.addcmul(self.shift[at], (piece - mean) * spread, self.scale[at])
            counts[begin:end] += 1
        return x + added / counts


def _whole(x: Tensor) -> tuple[Tensor, Tensor]:
    mean = x.mean(1, keepdim=True)
    return mean, ((x - mean).square().mean(1, keepdim=True) + EPSILON).rsqrt()


def _running(x: Tensor) -> tuple[Tensor, Tensor]:
    count = torch.arange(1, x.shape[1] + 1, device=x.device)[:, None]
    mean = x.cumsum(1) / count
    variance = ((x * x).cumsum(1) / count - mean * mean).clamp_min(0)
    return mean, (variance + EPSILON).rsqrt()
