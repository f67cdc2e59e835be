"""GATs: an LSTM over each name's window and one layer of attention over the names of the day. Small and fast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from augury.core.typing import Json
from augury.models.deep.blocks.graph_attention import GraphLayer, everyone, side_by_side
from augury.models.deep.blocks.quantile_head import QuantileHead
from augury.models.deep.network import LEVELS, DayGraph, Network, PanelOutput


class Gats(Network):
    """Rank the names of a day by their own past and by how all others of the day stand.

    Of a graph only the days are read (``offsets``): everyone is joined to everyone of the same day, as in the
    published model. Without a graph each row stands alone, so rows of different days never mix.

    Parameters
    ----------
    n_features : int
        F of the input.
    horizons : sequence of int
        In trading rows, ascending.
    levels : sequence of float
        Quantiles, 0.5 in the middle.
    hidden : int
        Width, at least 4.
    layers : int
        Of the LSTM, at least 1.
    dropout : float
        Between its layers, of the attention and in the head, 0..1.

    Notes
    -----
    Looks back L - 1 bars, looks ahead 0. After Velickovic et al. 2018 as used by Qlib's GATs; there scores are computed
    from all n x n pairs of states side by side, here from two numbers a name, which is the same score.
    """

    KIND: ClassVar[str] = "panel"
    SMALL: ClassVar[Json] = {"hidden": 16, "layers": 1}

    def __init__(
        self,
        n_features: int,
        *,
        horizons: Sequence[int] = (1, 5, 10, 20),
        levels: Sequence[float] = LEVELS,
        hidden: int = 64,
        layers: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            n_features=n_features,
            horizons=list(horizons),
            levels=list(levels),
            hidden=hidden,
            layers=layers,
            dropout=dropout,
        )
        self.walk = nn.LSTM(n_features, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.attention = GraphLayer(hidden, 1, concat=False, dropout=dropout, edge_facts=0)
        self.head = QuantileHead(hidden, horizons, levels, dropout=dropout)

    def forward(self, x: Tensor, graph: DayGraph | None = None) -> PanelOutput:
        """Answer for rows ``(N, L, F)`` of one or more days."""
        self.check_width(x)
        last = self.walk(x)[0][:, -1]
        shown: list[Tensor] | None = None if self.training else []
        state = self.attention(last, None if graph is None else everyone(graph), shown)
        facts = {"attention": side_by_side(shown)} if shown else {}
        return PanelOutput(
            tuple(self.settings["horizons"]), self.head(state), tuple(self.settings["levels"]), facts=facts
        )

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Head, attention, and the LSTM a layer at a time, the last first."""
        steps = {"head": list(self.head.parameters()), "attention": list(self.attention.parameters())}
        for layer in reversed(range(self.walk.num_layers)):
            steps[f"encoder.layer_{layer}"] = [p for n, p in self.walk.named_parameters() if n.endswith(f"_l{layer}")]
        return steps


NETWORK: type[Network] = Gats
