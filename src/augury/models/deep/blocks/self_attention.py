"""Self-attention over the bars of a window, optionally blind to later bars."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name PyTorch's own pages use
from torch import Tensor, nn

from augury.core.errors import UsageError


class SelfAttention(nn.Module):
    """Multi-head attention (Vaswani et al. 2017) in four tensors, as many numbers as ``nn.MultiheadAttention``.

    Where only one bar is read, only its query is computed and no other bar is projected: the answer is
    the same, and the cost grows with the number of bars times the width, not with the square of either.

    Parameters
    ----------
    width : int
        Of a state; a multiple of ``heads``.
    heads : int
        Parts that attend on their own; the number of parameters does not depend on it.
    causal : bool
        A bar attends to itself and earlier bars only.
    """

    def __init__(self, width: int, heads: int = 2, *, causal: bool = False) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise UsageError(f"width {width} is not a multiple of {heads} heads")
        self.width, self.heads, self.causal = width, heads, causal
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.project.weight)
        nn.init.zeros_(self.project.bias)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """Attend from every bar: ``(B, T, W)`` to ``(B, T, W)``.

        Parameters
        ----------
        x : (B, T, W)
        padding : (B, T) bool, optional
            True where a place holds no bar.

        Raises
        ------
        UsageError
            A single step: there is nothing to attend to.
        """
        _refuse_single(x)
        q, k, v = (self._split(part) for part in self.project(x).chunk(3, dim=-1))
        if padding is None:
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        else:
            seen = ~padding[:, None, None, :]
            if self.causal:
                steps = x.shape[1]
                seen = seen & torch.ones(steps, steps, dtype=torch.bool, device=x.device).tril()
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return self._joined(mixed)

    def last(self, x: Tensor, at: Tensor | None = None) -> Tensor:
        """Attend from one bar of each window, the last unless said: ``(B, T, W)`` to ``(B, W)``.

        Parameters
        ----------
        x : (B, T, W)
        at : (B,) int, optional
            The bar; later ones hold nothing.
        """
        _refuse_single(x)
        rows, width, each = len(x), self.width, self.width // self.heads
        weight, bias = self.project.weight, self.project.bias
        own = x[:, -1] if at is None else x[torch.arange(rows, device=x.device), at]
        # q·(Kx) = (Kᵀq)·x, and Σ share·(Vx) = V(Σ share·x): no bar is projected, only what is asked and what is found.
        q = F.linear(own, weight[:width], bias[:width]).view(rows, self.heads, each)
        asked = torch.einsum("bhd,hdw->bhw", q, weight[width : 2 * width].view(self.heads, each, width))
        scores = asked @ x.transpose(1, 2) / each**0.5  # what K's bias adds is the same for every bar
        if at is not None:
            seen = torch.arange(x.shape[1], device=x.device) <= at[:, None]
            scores = scores.masked_fill(~seen[:, None], float("-inf"))
        found = scores.softmax(dim=-1) @ x
        mixed = torch.einsum("bhw,hdw->bhd", found, weight[2 * width :].view(self.heads, each, width))
        joined: Tensor = self.out(mixed.reshape(rows, width) + bias[2 * width :])
        return joined

    def _split(self, x: Tensor) -> Tensor:
        rows, steps, _ = x.shape
        return x.view(rows, steps, self.heads, self.width // self.heads).transpose(1, 2)

    def _joined(self, x: Tensor) -> Tensor:
        rows, _, steps, _ = x.shape
        joined: Tensor = self.out(x.transpose(1, 2).reshape(rows, steps, self.width))
        return joined


def _refuse_single(x: Tensor) -> None:
    if x.shape[1] < 2:
        raise UsageError(f"attention over {x.shape[1]} step is refused: there is nothing to attend to")
