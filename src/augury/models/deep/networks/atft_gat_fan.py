"""ATFT-GAT-FAN: feature selection, time, adaptive normalisation, a graph of names, quantiles. Each block can be off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Final

import torch
from torch import Tensor, nn

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.models.deep.blocks.byte_dropout import ByteDropout
from augury.models.deep.blocks.experts import RegimeExperts
from augury.models.deep.blocks.fan import CausalFan
from augury.models.deep.blocks.freq_dropout import FreqDropout
from augury.models.deep.blocks.fusion import GatedFusion
from augury.models.deep.blocks.graph_attention import GraphAttention, side_by_side
from augury.models.deep.blocks.quantile_head import QuantileHead
from augury.models.deep.blocks.san import SliceNorm
from augury.models.deep.blocks.temporal_fusion import TemporalFusion
from augury.models.deep.blocks.variable_selection import VariableSelection
from augury.models.deep.network import LEVELS, DayGraph, Network, PanelOutput

SWITCHES: Final = ("fan", "san", "graph", "experts")
"""Blocks that can be built or not, and turned on and off between epochs."""


class AtftGatFan(Network):
    """Rank the names of a day: select features, read each window, normalise, ask the neighbours, answer in quantiles.

    Parameters
    ----------
    n_features : int
        F of the input.
    horizons : sequence of int
        In trading rows, ascending.
    levels : sequence of float
        Quantiles, 0.5 in the middle.
    hidden : int
        H, a multiple of ``heads``; 32 learns most of what daily panels hold, 64 is four times the work.
    heads : int
        Of self-attention, 4 or 8.
    graph_layers : int
        1..10.
    dropout, graph_dropout, edge_dropout : float
        0..1, off in evaluation.
    fan, san, graph, experts : bool
        Whether the block is built; :meth:`toggle` turns a built one off and on.
    step_causal : bool
        Slices are standardised by their past only.
    freq_dropout : bool
        Drop a band of frequencies in training.
    sparsity : float
        Weight of the entropy of the selection (over its largest value, so 0..1) in the penalty; 0 is off, 0.01 is
        usual. Weights of a softmax always have the mean 1/F, so their mean size can not be what is punished.
    regime_columns : sequence of int
        Columns of the input that describe the day, read at the last step by the gate of the experts.

    Notes
    -----
    Looks back L - 1 bars, looks ahead 0. Several days may lie in one batch: the graph keeps them apart, all the rest
    works row by row. Without a graph, or with rows joined to nobody, each row is its own neighbour.
    """

    KIND: ClassVar[str] = "panel"
    SMALL: ClassVar[Json] = {"hidden": 16, "graph_layers": 2}

    def __init__(
        self,
        n_features: int,
        *,
        horizons: Sequence[int] = (1, 5, 10, 20),
        levels: Sequence[float] = LEVELS,
        hidden: int = 32,
        heads: int = 4,
        graph_layers: int = 2,
        dropout: float = 0.1,
        graph_dropout: float = 0.2,
        edge_dropout: float = 0.1,
        fan: bool = True,
        san: bool = True,
        graph: bool = True,
        experts: bool = False,
        step_causal: bool = False,
        freq_dropout: bool = False,
        sparsity: float = 0.0,
        regime_columns: Sequence[int] = (),
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        lists = ("horizons", "levels", "regime_columns")
        super().__init__(**{name: list(value) if name in lists else value for name, value in given.items()})
        self.on = {"fan": fan, "san": san, "graph": graph, "experts": experts}
        self.selection = VariableSelection(n_features, hidden, dropout=dropout)
        self.project = nn.Sequential(nn.Linear(hidden, hidden), nn.LayerNorm(hidden), ByteDropout(dropout))
        self.temporal = TemporalFusion(hidden, heads=heads, dropout=dropout)
        self.fan = CausalFan(hidden) if fan else None
        self.san = SliceNorm(hidden, step_causal=step_causal) if san else None
        self.level = nn.LayerNorm(hidden)
        self.freq_dropout = FreqDropout() if freq_dropout else None
        self.graph = (
            GraphAttention(hidden, layers=graph_layers, dropout=graph_dropout, edge_dropout=edge_dropout)
            if graph
            else None
        )
        self.fusion = GatedFusion(hidden) if graph else None
        self.head: nn.Module = (
            RegimeExperts(hidden, horizons, levels, regime_width=len(regime_columns), dropout=dropout)
            if experts
            else QuantileHead(hidden, horizons, levels, dropout=dropout)
        )

    def toggle(self, block: str, on: bool) -> None:
        """Turn a built block on or off; an off block is not computed, so its weights get no gradient and stay.

        Off experts share equally: their gate is what is off. The state is part of ``state_dict``.

        Raises
        ------
        UsageError
            No such block, or one that was not built.
        """
        if block not in SWITCHES or not self.settings[block]:
            built = [name for name in SWITCHES if self.settings[name]]
            raise UsageError(f"block '{block}' can not be switched: built are {', '.join(built) or 'none'}")
        self.on[block] = on

    def forward(self, x: Tensor, graph: DayGraph | None = None) -> PanelOutput:
        """Answer for rows ``(N, L, F)`` of one or more days."""
        self.check_width(x)
        selected, weights = self.selection(x)
        # FAN and SAN each add what is as large as their input: one scale, whichever is on, for graph and head.
        last = self.level(self._normalised(self.temporal(self.project(selected)))[:, -1])
        facts, penalties = {"selection": weights.detach()}, []
        if self.graph is not None and self.fusion is not None and self.on["graph"]:
            shown: list[Tensor] | None = None if self.training else []
            last = self.fusion(last, self.graph(last, graph, shown))
            facts |= {"attention": side_by_side(shown)} if shown else {}
        if isinstance(self.head, RegimeExperts):
            columns = self.settings["regime_columns"]
            regime = x[:, -1, columns] if columns else None
            quantiles, facts["regimes"], balance = self.head(last, regime, gated=self.on["experts"])
            penalties.append(balance)
        else:
            quantiles = self.head(last)
        if self.settings["sparsity"]:
            penalties.append(self.settings["sparsity"] * _entropy(weights))
        return PanelOutput(
            tuple(self.settings["horizons"]),
            quantiles,
            tuple(self.settings["levels"]),
            facts=facts,
            penalty=torch.stack(penalties).sum() if penalties else None,
        )

    def _normalised(self, x: Tensor) -> Tensor:
        if self.fan is not None and self.on["fan"]:
            x = self.fan(x)
        if self.san is not None and self.on["san"]:
            x = self.san(x)
        return x if self.freq_dropout is None else self.freq_dropout(x)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Head, graph, normalisation, then time and selection as the two layers of the encoder."""
        members: dict[str, list[nn.Module | None]] = {
            "head": [self.head],
            "graph": [self.fusion, self.graph],
            "normalisation": [self.san, self.fan],
            "encoder.layer_1": [self.level, self.temporal],
            "encoder.layer_0": [self.project, self.selection],
        }
        listed = {
            name: [p for module in modules if module is not None for p in module.parameters()]
            for name, modules in members.items()
        }
        return {name: parameters for name, parameters in listed.items() if parameters}

    def get_extra_state(self) -> Tensor:
        """Return which blocks are on, so that kept weights bring the network back as it was."""
        return torch.tensor([self.on[name] for name in SWITCHES], dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        """Take over which blocks are on."""
        self.on = dict(zip(SWITCHES, (bool(value) for value in state.tolist()), strict=True))


def _entropy(weights: Tensor) -> Tensor:
    """Mean entropy of weights over its largest value; 0 is one feature alone."""
    entropy: Tensor = torch.special.entr(weights).sum(-1).mean()
    return entropy / math.log(max(2, weights.shape[-1]))


NETWORK: type[Network] = AtftGatFan
