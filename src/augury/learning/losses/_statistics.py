"""Means, correlations and ranks of one day, masked, with gradients that stay finite."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from augury.learning.losses._days import masked

FLAT = 1e-6
"""A spread below this share of the largest value is rounding, not spread."""


def mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean over the names of a day, ``(..., D)``; 0 for none."""
    return masked(x, mask).sum(-1) / mask.sum(-1).clamp(min=1)


def centred(x: Tensor, mask: Tensor) -> Tensor:
    """Distance from the day's mean; 0 where masked."""
    return masked(x - mean(x, mask)[..., None], mask)


def variance(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Population variance of a day and whether there is any, both ``(..., D)``."""
    found = centred(x, mask).square().sum(-1) / mask.sum(-1).clamp(min=1)
    largest = masked(x, mask).detach().abs().amax(-1)
    return found, (found.detach() > (FLAT * largest).square()) & (mask.sum(-1) > 1)


def spread(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Population standard deviation of a day, 1 where there is none, and whether there is any."""
    found, moves = variance(x, mask)
    return torch.where(moves, found, 1.0).sqrt(), moves


def standardised(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Standard scores of a day, 0 where masked, and whether it has any spread."""
    sd, moves = spread(x, mask)
    return centred(x, mask) / sd[..., None], moves


def pearson(a: Tensor, b: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Correlation of two columns by day and whether it is defined: both must move."""
    za, a_moves = standardised(a, mask)
    zb, b_moves = standardised(b, mask)
    return (za * zb).sum(-1) / mask.sum(-1).clamp(min=1), a_moves & b_moves


def hard_ranks(y: Tensor, mask: Tensor) -> Tensor:
    """Rank from 1 within the day, ties sharing the average; 0 where masked."""
    far = torch.where(mask, y, torch.inf)
    ordered = far.sort(-1).values.contiguous()
    below = torch.searchsorted(ordered, far.contiguous(), right=False)
    upto = torch.searchsorted(ordered, far.contiguous(), right=True)
    return masked((below + upto + 1).to(y.dtype) / 2, mask)


def soft_ranks(p: Tensor, mask: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Rank with a gradient: ``r_i = 0.5 + sum_j sigmoid((p_i - p_j) / tau)``, and whether the day has ranks.

    ``tau`` is the temperature times the day's standard deviation of p, which carries no gradient: the
    ranks of ``100 p`` are the ranks of ``p``.
    """
    sd, moves = spread(p.detach(), mask)
    scaled = p / (temperature * sd)[..., None]
    beaten: Tensor = _Beaten.apply(scaled, mask.to(p.dtype))  # type: ignore[no-untyped-call]
    return masked(0.5 + beaten, mask), moves


class _Beaten(torch.autograd.Function):
    """``sum_j m_j sigmoid(x_i - x_j)``: how many names each one beats.

    Written out because the gradient needs only the slope of each pair, which is symmetric: one matrix is
    kept and read once, where recording the steps keeps and walks five.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, m: Tensor) -> Tensor:
        # Column j holds what j beats: a row times a matrix is several times faster than a matrix times a column.
        x = x.contiguous()
        beats = (x[..., None, :] - x[..., :, None]).sigmoid_()
        found = (m[..., None, :] @ beats)[..., 0, :]
        ctx.save_for_backward(beats.addcmul_(beats, beats, value=-1.0), m)
        return found

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        slope, m = ctx.saved_tensors
        # Masked names are beaten by nobody and beat nobody: neither m nor their gradient holds them.
        (gradient,) = grads
        pulled = torch.stack([m, gradient * m], -2) @ slope
        return m * (gradient * pulled[..., 0, :] - pulled[..., 1, :]), None


def half_of_large(p: Tensor, y: Tensor, mask: Tensor, limit: int) -> tuple[Tensor, Tensor, Tensor]:
    """Keep a random half of the names of days that have more than ``limit`` while a gradient is recorded.

    Drawn from torch's own stream, which dropout uses too and a resumed training restores.
    """
    if p.shape[-1] <= limit or not torch.is_grad_enabled():
        return p, y, mask
    n = mask.sum(-1, keepdim=True)
    drawn = torch.rand(mask.shape, device=mask.device).masked_fill(~mask, 2.0)
    order = drawn.argsort(-1)
    keep = torch.where(n > limit, (n + 1) // 2, n)
    order = order[..., : int(keep.max())]
    kept = torch.arange(order.shape[-1], device=mask.device) < keep
    p, y = p.gather(-1, order), y.gather(-1, order)
    return masked(p, kept), masked(y, kept), kept
