"""Which feature to listen to, at each step of each row: soft selection with a small map per feature.

A map per feature, ``1 -> H -> H``, would make a tensor of rows x steps x features x H twice over: for a day of 324
names, 20 steps, 32 features and H = 64 that is 53 MB each, and moving it costs more than computing it. Both layers
are linear around one ReLU, so the weighted sum over features is one matrix product,

    sum_f w_f (W2_f relu(w1_f x_f + b1_f) + b2_f) = [w_f relu(...)]_(f,h) @ W2_(f,h),: + w @ b2,

and the bracket is only ever needed for a few hundred rows at once, which fit into the processor's cache.
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from augury.models.deep.blocks.grn import GatedResidual

START: Final = 0.25
"""Spread of the numbers whose softmax are the first weights: nearly equal, so that a feature begins by being heard."""
CHUNK_NUMBERS: Final = 1 << 18
"""Numbers of the bracket made at once by each thread of a processor: 1 MB, what its second cache holds."""


class _WeightedMaps(torch.autograd.Function):
    """``sum_f w_f W2_f relu(w1_f x_f + b1_f)`` for all rows, a chunk of rows at a time."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor, inner: Tensor, bias: Tensor, outer: Tensor) -> Tensor:
        # The backward pass runs outside of autocast, so both passes take their precision from here.
        kind = x.device.type
        ctx.precision = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else outer.dtype
        ctx.save_for_backward(x, weights, inner, bias, outer)
        flat = outer.flatten(0, 1).to(ctx.precision)
        out = x.new_empty(len(x), outer.shape[2])
        for rows in _chunks(x, inner):
            maps = _inside(x[rows], inner, bias).mul_(weights[rows].unsqueeze(-1))
            out[rows] = maps.flatten(1).to(ctx.precision) @ flat
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        x, weights, inner, bias, outer = ctx.saved_tensors
        features, hidden = inner.shape
        turned = outer.flatten(0, 1).t().to(ctx.precision).contiguous()
        of_x, of_weights = torch.empty_like(x), torch.empty_like(weights)
        of_inner, of_outer = inner.new_zeros(features, 2, hidden), torch.zeros_like(outer.flatten(0, 1))
        into = torch.stack((inner, bias), -1)  # (F, H, 2)
        for rows in _chunks(x, inner):
            here, share = x[rows], weights[rows]
            out = grad[rows].to(ctx.precision)
            maps = _inside(here, inner, bias)
            back = (out @ turned).to(x.dtype).view_as(maps)
            # Where the ReLU is open, relu(w1 x + b1) is linear in (w1, b1): two sums give three gradients.
            back = torch.ops.aten.threshold_backward(back, maps, 0.0).transpose(0, 1)  # (F, rows, H)
            sums = torch.bmm(back, into)  # (F, rows, 2)
            of_x[rows] = (sums[..., 0].t() * share).to(x.dtype)
            of_weights[rows] = sums[..., 0].t() * here + sums[..., 1].t()
            of_inner += torch.bmm(torch.stack((share * here, share)).permute(2, 0, 1), back)
            of_outer.addmm_(maps.mul_(share.unsqueeze(-1)).flatten(1).to(ctx.precision).t().to(x.dtype), grad[rows])
        return of_x, of_weights, of_inner[:, 0], of_inner[:, 1], of_outer.view_as(outer)


def _chunks(x: Tensor, inner: Tensor) -> list[slice]:
    """Rows to work on at once: all of them on a GPU, what the cache holds on a processor."""
    size = len(x) if x.is_cuda else max(1, CHUNK_NUMBERS * torch.get_num_threads() // inner.numel())
    return [slice(at, at + size) for at in range(0, len(x), max(1, size))]


def _inside(x: Tensor, inner: Tensor, bias: Tensor) -> Tensor:
    return torch.addcmul(bias, x.unsqueeze(-1), inner).relu_()


class VariableSelection(nn.Module):
    """Weigh the features of each step and sum their maps.

    ``out = LayerNorm(sum_f w_f map_f(x_f))`` with ``map_f`` linear, ReLU, linear, and
    ``w = softmax(GatedResidual(x))`` over features.

    Parameters
    ----------
    features, width : int
    dropout : float
        In the map that gives the weights, 0..1.

    Notes
    -----
    Looks at one step at a time. After Lim et al. 2021; the maps are computed as grouped tensors. Ours begins with
    nearly equal weights: at the spread of 1 that the last LayerNorm gives by itself they multiply each map by a random
    function of all features, which hides what a map says until the weights have been unlearnt (ADR 14).

    Examples
    --------
    >>> out, weights = VariableSelection(3, 8)(torch.zeros(2, 5, 3))
    >>> out.shape, weights.shape, bool(torch.isclose(weights.sum(-1), torch.ones(2, 5)).all())
    (torch.Size([2, 5, 8]), torch.Size([2, 5, 3]), True)
    """

    def __init__(self, features: int, width: int, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.weigh = GatedResidual(features, width, features, dropout=dropout)
        nn.init.constant_(self.weigh.norm.weight, START)
        self.inner = nn.Parameter(torch.empty(features, width).uniform_(-1, 1))
        self.inner_bias = nn.Parameter(torch.empty(features, width).uniform_(-1, 1))
        bound = width**-0.5
        self.outer = nn.Parameter(torch.empty(features, width, width).uniform_(-bound, bound))
        self.outer_bias = nn.Parameter(torch.empty(features, width).uniform_(-bound, bound))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map ``(N, L, F)`` to states ``(N, L, H)`` and weights ``(N, L, F)`` that sum to 1 at each step."""
        weights = torch.softmax(self.weigh(x).float(), -1)
        flat, shares = x.flatten(0, 1), weights.flatten(0, 1)
        mixed = _WeightedMaps.apply(flat, shares, self.inner, self.inner_bias, self.outer)  # type: ignore[no-untyped-call]
        states = self.norm(mixed + shares @ self.outer_bias)
        return states.view(*x.shape[:2], -1), weights
