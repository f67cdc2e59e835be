"""Adaptive normalisation over several trailing windows, blind to later steps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

EPSILON = 1e-5


class CausalFan(nn.Module):
    """Add to each channel how far it stands from its own recent past, at several speeds.

    For each window w with ``w <= L``, m and v are mean and variance of the last ``min(t + 1, w)`` steps:
    ``y_t = x_t + g sum_w softmax(a)_w (x_t - m) / sqrt(v + 1e-5)``, g one number a channel that starts at 1.
    A window centred on t, or padded with zeros, would make the last step blind or looking ahead; a trailing one with a
    shorter start does neither.

    Parameters
    ----------
    width : int
        Channels.
    windows : sequence of int
        In steps, ascending. Those longer than the input are left out; at least one must fit.

    Examples
    --------
    >>> bool((CausalFan(2)(torch.ones(1, 6, 2)) == 1).all())
    True
    """

    def __init__(self, width: int, windows: tuple[int, ...] = (5, 10, 20)) -> None:
        super().__init__()
        self.windows = windows
        self.mix = nn.Parameter(torch.zeros(len(windows)))
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, L, H)`` to ``(N, L, H)``; step t reads steps 0..t."""
        fitting = [w for w in self.windows if w <= x.shape[1]] or [self.windows[0]]
        shares = torch.softmax(self.mix[: len(fitting)], 0)
        sums = torch.cat((x, x * x), -1).float().cumsum(1)
        place = torch.arange(1, x.shape[1] + 1, device=x.device)
        added: Tensor | float = 0.0
        for share, window in zip(shares, fitting, strict=True):
            trailing = torch.cat((sums[:, :window], sums[:, window:] - sums[:, :-window]), 1)
            mean, square = (trailing / place.clamp(max=window)[:, None]).chunk(2, -1)
            spread = (square - mean * mean).clamp_min(0) + EPSILON
            added = added + share * (x - mean) * spread.rsqrt()
        return x + self.gain * added
