"""Sequence to sequence: one encoder, and a decoder that walks from the nearest horizon to the farthest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from augury.core.typing import Json
from augury.models.deep.blocks.lstm_encoder import LstmEncoder
from augury.models.deep.blocks.quantile_head import QuantileHead
from augury.models.deep.network import LEVELS, DayGraph, Network, PanelOutput


class Seq2Seq(Network):
    """All horizons in one call, each decoded from the state of the one before it.

    The decoder starts from the encoder's last state. At each horizon it reads ``ln(1 + h)``, what it said
    of the horizon before, and a mean of the encoder's states weighted by how they match its own (Bahdanau
    et al. 2015). No forecast of another row or of a later date enters, so training and use are the same walk.

    Parameters
    ----------
    n_features : int
        Width of a row.
    hidden : int
        States of encoder and decoder, at least 4. Default 64.
    layers : int
        Of the encoder, default 1.
    dropout : float
        0..1, default 0.1.
    horizons, levels
        Of the answer; horizons ascend.

    Examples
    --------
    >>> Seq2Seq(3, hidden=8).eval()(torch.zeros(5, 20, 3)).quantiles.shape
    torch.Size([5, 4, 5])

    Notes
    -----
    Sutskever, Vinyals and Le (2014); the quantiles of all horizons at once as in Wen et al. (2017).
    """

    KIND: ClassVar[str] = "panel"
    SMALL: ClassVar[Json] = {"hidden": 16, "dropout": 0.0}

    def __init__(
        self,
        n_features: int,
        hidden: int = 64,
        layers: int = 1,
        dropout: float = 0.1,
        horizons: Sequence[int] = (1, 5, 10, 20),
        levels: Sequence[float] = LEVELS,
    ) -> None:
        super().__init__(
            n_features=n_features,
            hidden=hidden,
            layers=layers,
            dropout=dropout,
            horizons=list(horizons),
            levels=list(levels),
        )
        self.encoder = LstmEncoder(n_features, hidden, layers, bidirectional=False, dropout=dropout)
        self.match = nn.Linear(hidden, hidden, bias=False)
        self.decoder = nn.LSTMCell(1 + len(levels) + hidden, hidden)
        self.norm = nn.LayerNorm(2 * hidden)
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleList([QuantileHead(2 * hidden, [h], levels, dropout=dropout) for h in horizons])
        self.horizons, self.levels = tuple(horizons), tuple(levels)
        self.register_buffer("log_horizons", torch.tensor([float(h) for h in horizons]).log1p())

    def forward(self, x: Tensor, graph: DayGraph | None = None) -> PanelOutput:
        """Answer for each of ``(N, L, F)`` by itself; a graph is not read."""
        self.check_width(x)
        states = self.encoder(x)
        keys, state = self.match(states), states[:, -1]
        cell, said = torch.zeros_like(state), states.new_zeros(len(x), len(self.levels))
        answers, looked = [], []
        for log_horizon, head in zip(self._log_horizons(), self.heads, strict=True):
            weight = torch.softmax(torch.einsum("nlh,nh->nl", keys, state) / keys.shape[-1] ** 0.5, dim=1)
            context = torch.einsum("nl,nlh->nh", weight, states)
            read = torch.cat((log_horizon.expand(len(x), 1), said, context), dim=1)
            state, cell = self.decoder(read, (state, cell))
            said = head(self.dropout(self.norm(torch.cat((state, context), dim=1))))[:, 0]
            answers.append(said)
            looked.append(weight)
        facts = {"attention": torch.stack(looked, dim=1)}
        return PanelOutput(self.horizons, torch.stack(answers, dim=1), self.levels, facts=facts)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """``head``, ``decoder``, then the encoder from its last layer to its first."""
        decoder = [*self.match.parameters(), *self.decoder.parameters()]
        head = [*self.norm.parameters(), *self.heads.parameters()]
        return {"head": head, "decoder": decoder, **self.encoder.groups()}

    def _log_horizons(self) -> list[Tensor]:
        return list(self.get_buffer("log_horizons"))


NETWORK = Seq2Seq
