"""LSTM over the rows of a sample: the plainest network that reads an order of days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from augury.core.typing import Json
from augury.models.deep.blocks.lstm_encoder import LstmEncoder
from augury.models.deep.blocks.quantile_head import QuantileHead
from augury.models.deep.network import LEVELS, DayGraph, Network, PanelOutput


class Lstm(Network):
    """A one-way LSTM; the state after the last row goes to a quantile head for every horizon.

    Each name is read by itself: rows of a day do not see each other.

    Parameters
    ----------
    n_features : int
        Width of a row.
    hidden : int
        States, at least 4. Default 64; larger holds more and needs more days.
    layers : int
        Stacked nets, default 1.
    dropout : float
        0..1, default 0.1; of the last state, and between layers.
    horizons, levels
        Of the answer.

    Examples
    --------
    >>> import torch
    >>> Lstm(3, hidden=8).eval()(torch.zeros(5, 20, 3)).quantiles.shape
    torch.Size([5, 4, 5])

    Notes
    -----
    Hochreiter and Schmidhuber (1997).
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
        self.norm = nn.LayerNorm(hidden)
        self.dropout = nn.Dropout(dropout)
        self.head = QuantileHead(hidden, horizons, levels, dropout=dropout)
        self.horizons, self.levels = tuple(horizons), tuple(levels)

    def forward(self, x: Tensor, graph: DayGraph | None = None) -> PanelOutput:
        """Answer for each of ``(N, L, F)`` by itself; a graph is not read."""
        self.check_width(x)
        last = self.encoder(x)[:, -1]
        return PanelOutput(self.horizons, self.head(self.dropout(self.norm(last))), self.levels)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """``head``, then the encoder from its last layer to its first."""
        return {"head": [*self.norm.parameters(), *self.head.parameters()], **self.encoder.groups()}


NETWORK = Lstm
