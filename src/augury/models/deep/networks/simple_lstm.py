"""SimpleLSTM: a recurrent net, one attention over its states, the last bar decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from augury.core.typing import Json
from augury.models.deep.blocks.lstm_encoder import LstmEncoder
from augury.models.deep.blocks.self_attention import SelfAttention
from augury.models.deep.blocks.window_heads import SideFusion, SpanHeads, class_head, no_side
from augury.models.deep.blocks.window_modes import RETROSPECTIVE, encoded_windows, is_causal, padding_of
from augury.models.deep.network import Network, WindowOutput


class SimpleLstmNetwork(Network):
    """LSTM, self-attention, residual and norm, last bar, two linear layers.

    ========  =====  ======  =============  ==========  =======
    features  H      layers  mode           parameters  tensors
    ========  =====  ======  =============  ==========  =======
    4         128    1       retrospective  409,186     18
    11        128    1       retrospective  416,354     18
    11        32     1       retrospective  30,434      18
    4         128    1       causal         139,106     14
    ========  =====  ======  =============  ==========  =======

    Parameters
    ----------
    n_features : int
        Width of a bar: 11 relative features, or 4 prices.
    n_classes : int
        At least 2.
    hidden : int
        H, states in each direction; larger holds more and needs more windows.
    layers : int
        Of the LSTM.
    heads : int
        Of the attention; they divide its width.
    dropout : float
        In the head and between layers of the LSTM.
    mode : str
        ``retrospective``: the LSTM reads both ways and every bar attends to all. ``causal``: one way, and
        no bar attends to later ones.
    outputs : sequence of str
        Heads beside the classes: ``pointer``, ``extent``, ``span``.
    side : int
        Features of the whole window, 0 to 25.
    fusion : str
        How they join: ``concat``, ``add``, ``gate``.

    Examples
    --------
    >>> from augury.models.deep.network import parameter_count, tensor_count
    >>> parameter_count(SimpleLstmNetwork(4)), tensor_count(SimpleLstmNetwork(4, mode="causal"))
    (409186, 14)
    """

    KIND = "window"
    SMALL: ClassVar[Json] = {"hidden": 8, "dropout": 0.0}

    def __init__(
        self,
        n_features: int,
        n_classes: int = 2,
        hidden: int = 128,
        layers: int = 1,
        heads: int = 2,
        dropout: float = 0.1,
        mode: str = RETROSPECTIVE,
        outputs: Sequence[str] = (),
        side: int = 0,
        fusion: str = "concat",
    ) -> None:
        super().__init__(
            n_features=n_features,
            n_classes=n_classes,
            hidden=hidden,
            layers=layers,
            heads=heads,
            dropout=dropout,
            mode=mode,
            outputs=list(outputs),
            side=side,
            fusion=fusion,
        )
        causal = is_causal(mode)
        self.encoder = LstmEncoder(n_features, hidden, layers, bidirectional=not causal, dropout=dropout)
        width = self.encoder.width
        self.attention = SelfAttention(width, heads, causal=causal)
        self.norm = nn.LayerNorm(width)
        self.fusion = SideFusion(width, side, fusion) if side else None
        self.head = class_head(width, n_classes, dropout)
        self.spans = SpanHeads(width, tuple(outputs)) if outputs else None

    def forward(self, x: Tensor, *, lengths: Tensor | None = None, side: Tensor | None = None) -> WindowOutput:
        """Read windows.

        Parameters
        ----------
        x : (B, T, F)
        lengths : (B,), optional
            Bars of each window; what stands behind them is not read.
        side : (B, S), optional
            Features of the windows.
        """
        self.check_width(x)
        padding = padding_of(x, lengths)
        encoded = encoded_windows(self.encoder, x, lengths)
        at = None if lengths is None else lengths.to(x.device).long() - 1
        if self.spans is None:
            own = encoded[:, -1] if at is None else encoded[torch.arange(len(x), device=x.device), at]
            window = self.norm(own + self.attention.last(encoded, at))
            return WindowOutput(self.head(self._fused(window, side)))
        states = self.norm(encoded + self.attention(encoded, padding))
        last = states[:, -1] if at is None else states[torch.arange(len(x), device=x.device), at]
        window = self._fused(last, side)
        return WindowOutput(self.head(window), **self.spans(states, window))

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """``head``, ``attention`` (and its norm), ``encoder.layer_i`` from the last to the first."""
        head = [self.head, *(part for part in (self.fusion, self.spans) if part is not None)]
        return {
            "head": [p for part in head for p in part.parameters()],
            "attention": [*self.attention.parameters(), *self.norm.parameters()],
            **self.encoder.groups(),
        }

    def _fused(self, window: Tensor, side: Tensor | None) -> Tensor:
        if self.fusion is None:
            no_side(side)
            return window
        fused: Tensor = self.fusion(window, side)
        return fused


NETWORK = SimpleLstmNetwork
