"""Dropout of a band of frequencies: a window should not hang on one rhythm."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SHARE_MIN, SHARE_MAX = 0.05, 0.20


class FreqDropout(nn.Module):
    """In training, set one random band of frequencies of all channels to 0; in evaluation, nothing.

    The band covers 5 to 20 % of the frequencies and never the mean of the window.

    Examples
    --------
    >>> x = torch.randn(2, 20, 3)
    >>> bool((FreqDropout().eval()(x) == x).all())
    True
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, L, H)`` to ``(N, L, H)``."""
        bins = x.shape[1] // 2 + 1
        if not self.training or bins < 2:
            return x
        share = SHARE_MIN + (SHARE_MAX - SHARE_MIN) * float(torch.rand(()))
        length = max(1, round(share * bins))
        begin = int(torch.randint(1, bins - length + 1, ()))
        keep = torch.ones(bins, 1, device=x.device)
        keep[begin : begin + length] = 0
        changed: Tensor = torch.fft.irfft(torch.fft.rfft(x.float(), dim=1) * keep, n=x.shape[1], dim=1).to(x.dtype)
        return changed
