"""One head a regime, and a gate that says which regime this is."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from augury.models.deep.blocks.quantile_head import QuantileHead
from augury.models.deep.network import LEVELS

EXPERTS = 3
TEMPERATURE = 2.0
BALANCE = 0.01


class RegimeExperts(nn.Module):
    """Three quantile heads, mixed by a gate that reads the trunk and the regime of the day.

    ``shares = softmax(Linear [trunk, regime] / 2)``; quantiles are mixed, and a mixture of ordered numbers is ordered.
    With the gate off the three share equally and its weights receive no gradient.

    Parameters
    ----------
    width : int
        Of the trunk.
    horizons, levels, dropout
        Of each head, see :class:`augury.models.deep.blocks.quantile_head.QuantileHead`.
    regime_width : int
        Numbers that describe the day, usually 12; 0 leaves the gate with the trunk alone.

    Examples
    --------
    >>> quantiles, shares, penalty = RegimeExperts(8, (1,))(torch.zeros(4, 8))
    >>> quantiles.shape, shares.shape, penalty.ndim
    (torch.Size([4, 1, 5]), torch.Size([4, 3]), 0)
    """

    def __init__(
        self,
        width: int,
        horizons: Sequence[int],
        levels: Sequence[float] = LEVELS,
        *,
        regime_width: int = 0,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.heads = nn.ModuleList(QuantileHead(width, horizons, levels, dropout=dropout) for _ in range(EXPERTS))
        self.gate = nn.Linear(width + regime_width, EXPERTS)

    def forward(self, x: Tensor, regime: Tensor | None = None, *, gated: bool = True) -> tuple[Tensor, Tensor, Tensor]:
        """Answer for ``(N, width)``.

        Parameters
        ----------
        x : (N, width)
        regime : (N, regime_width), optional
        gated : bool
            False: equal shares.

        Returns
        -------
        tuple
            Quantiles (N, horizons, levels), shares (N, 3), and the penalty ``0.01 sum (mean share - 1/3)^2`` that
            keeps one expert from taking every day.
        """
        if gated:
            seen = x if regime is None else torch.cat((x, regime.to(x.dtype)), -1)
            shares = torch.softmax(self.gate(seen).float() / TEMPERATURE, -1)
        else:
            shares = x.new_full((len(x), EXPERTS), 1 / EXPERTS, dtype=torch.float32)
        said = torch.stack([head(x) for head in self.heads], -1)
        mixed = (said * shares[:, None, None, :]).sum(-1)
        # Rounding may undo an order by one unit in the last place, a running maximum does not.
        return mixed.cummax(-1).values, shares, BALANCE * (shares.mean(0) - 1 / EXPERTS).square().sum()
