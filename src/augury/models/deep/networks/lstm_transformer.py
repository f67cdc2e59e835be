"""LSTM, then self-attention over its states: one task, or three that share a trunk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar, Final, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from augury.core.errors import UnknownName, UsageError
from augury.core.suggestion import did_you_mean
from augury.core.typing import Json
from augury.models.deep.blocks.lstm_encoder import LstmEncoder
from augury.models.deep.blocks.quantile_head import QuantileHead
from augury.models.deep.network import LEVELS, DayGraph, Network, PanelOutput

PRESETS: Final[dict[str, Json]] = {
    "paper": {"hidden": 32, "width": 64, "blocks": 4, "feed_forward": 128},
    "enhanced": {"hidden": 64, "width": 128, "blocks": 6, "feed_forward": 256, "head_layers": (64, 32)},
    "multi-task": {"hidden": 128, "width": 128, "blocks": 6, "feed_forward": 256, "multitask": True},
}
"""Sizes by name."""
HEAD_WEIGHTS: Final = {"sign": 0.15, "volatility": 0.1}
"""What the further tasks of a multi-task network add to the loss, beside 1.0 for the magnitude."""
STEPS_MAX: Final = 512


class LstmTransformer(Network):
    """LSTM -> Linear -> sinusoidal positions -> post-norm attention blocks -> mean row plus last row -> heads.

    Parameters
    ----------
    n_features : int
        Width of a row.
    hidden : int
        States of the LSTM, default 32.
    width : int
        Of the attention, a multiple of ``attention_heads``; default 64.
    blocks : int
        Attention blocks, default 4.
    feed_forward : int
        Width inside a block, default 128.
    attention_heads : int
        Default 4.
    head_layers : sequence of int
        Widths of ReLU layers before the heads; default none.
    multitask : bool
        Adds to the magnitude (the quantiles) a ``sign`` head, logits of down, flat and up, and a
        ``volatility`` head, above 0. False is ``--no-multitask``.
    dropout : float
        0..1, default 0.1.
    horizons, levels
        Of the answer.

    Raises
    ------
    UsageError
        A width that the heads do not divide.

    Examples
    --------
    >>> network = LstmTransformer.of_preset("paper", 3)
    >>> network.settings["blocks"], network.eval()(torch.zeros(2, 90, 3)).quantiles.shape
    (4, torch.Size([2, 4, 5]))

    Notes
    -----
    Attention and positions of Vaswani et al. (2017). Ours differs in that the positions are a buffer that is
    saved with the weights, so that a loaded network is the same whatever later code computes, and in that the last
    row joins the mean: in a mean alone the newest of L bars weighs 1 / L, and what it says was not found (ADR 14).
    """

    KIND: ClassVar[str] = "panel"
    SMALL: ClassVar[Json] = {"hidden": 8, "width": 16, "blocks": 1, "feed_forward": 32, "dropout": 0.0}

    def __init__(
        self,
        n_features: int,
        hidden: int = 32,
        width: int = 64,
        blocks: int = 4,
        feed_forward: int = 128,
        attention_heads: int = 4,
        head_layers: Sequence[int] = (),
        multitask: bool = False,
        dropout: float = 0.1,
        horizons: Sequence[int] = (1, 5, 10, 20),
        levels: Sequence[float] = LEVELS,
    ) -> None:
        super().__init__(
            n_features=n_features,
            hidden=hidden,
            width=width,
            blocks=blocks,
            feed_forward=feed_forward,
            attention_heads=attention_heads,
            head_layers=list(head_layers),
            multitask=multitask,
            dropout=dropout,
            horizons=list(horizons),
            levels=list(levels),
        )
        if width % attention_heads or width % 2 or blocks < 1:
            raise UsageError(
                f"width={width} must be even and divided by attention_heads={attention_heads}, blocks >= 1"
            )
        self.encoder = LstmEncoder(n_features, hidden, bidirectional=False)
        self.projection = nn.Linear(hidden, width)
        self.register_buffer("positions", _sinusoids(STEPS_MAX, width))
        self.blocks = nn.ModuleList(
            [
                nn.TransformerEncoderLayer(width, attention_heads, feed_forward, dropout, batch_first=True)
                for _ in range(blocks)
            ]
        )
        self.dropout = nn.Dropout(dropout)
        widths = [width, *head_layers]
        self.trunk = nn.Sequential(*[nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(widths)])
        self.head = QuantileHead(widths[-1], horizons, levels, dropout=dropout)
        self.sign = nn.Linear(widths[-1], 3 * len(horizons)) if multitask else None
        self.volatility = nn.Linear(widths[-1], len(horizons)) if multitask else None
        self.head_weights = dict(HEAD_WEIGHTS) if multitask else {}
        self.horizons, self.levels = tuple(horizons), tuple(levels)

    @classmethod
    def of_preset(cls, preset: str, n_features: int, **changes: Any) -> Self:
        """Build one of the sizes ``paper``, ``enhanced``, ``multi-task``, with some settings changed.

        Raises
        ------
        UnknownName
            With the nearest preset.
        """
        if preset not in PRESETS:
            hint = did_you_mean(preset, PRESETS)
            raise UnknownName(f"unknown preset '{preset}'{hint} (known: {', '.join(PRESETS)})", name=preset)
        return cls(n_features, **PRESETS[preset] | changes)

    def forward(self, x: Tensor, graph: DayGraph | None = None) -> PanelOutput:
        """Answer for each of ``(N, L, F)`` by itself; a graph is not read."""
        self.check_width(x)
        if x.shape[1] > STEPS_MAX:
            raise UsageError(f"{x.shape[1]} steps are more than the {STEPS_MAX} positions of this network")
        states = self.projection(self.encoder(x)) + self.get_buffer("positions")[: x.shape[1]]
        for block in self.blocks:
            states = block(states)
        trunk = self.trunk(self.dropout(states.mean(dim=1) + states[:, -1]))
        heads = {}
        if self.sign is not None and self.volatility is not None:
            heads["sign"] = self.sign(trunk).view(len(x), len(self.horizons), 3)
            heads["volatility"] = functional.softplus(self.volatility(trunk))
        return PanelOutput(self.horizons, self.head(trunk), self.levels, heads=heads)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """``head``, ``attention``, then the encoder."""
        attention = [*self.projection.parameters(), *self.blocks.parameters()]
        inside = {id(parameter) for parameter in [*attention, *self.encoder.parameters()]}
        head = [parameter for parameter in self.parameters() if id(parameter) not in inside]
        return {"head": head, "attention": attention, **self.encoder.groups()}


def _sinusoids(steps: int, width: int) -> Tensor:
    """Sines and cosines of ascending wavelengths, ``(steps, width)``."""
    place = torch.arange(steps, dtype=torch.float64)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * (-math.log(10_000.0) / width))
    return torch.stack((torch.sin(place * rate), torch.cos(place * rate)), dim=2).reshape(steps, width).float()


NETWORK = LstmTransformer
