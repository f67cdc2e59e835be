"""Small convolutions for the shape of a few bars, a transformer for what stands far apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812 - the name PyTorch's own pages use
from torch import Tensor, nn

from augury.core.typing import Json
from augury.models.deep.blocks.positions import SinePositions
from augury.models.deep.blocks.self_attention import SelfAttention
from augury.models.deep.blocks.window_heads import SideFusion, SpanHeads, class_head, no_side
from augury.models.deep.blocks.window_modes import RETROSPECTIVE, is_causal, padding_of
from augury.models.deep.network import Network, WindowOutput


class CausalConvolution(nn.Module):
    """A convolution that looks back only: zeros stand before the first bar, none behind the last.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    kernel : int
        Bars it looks at, the last one its own.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.before = kernel - 1
        self.filter = nn.Conv1d(inputs, outputs, kernel)
        self.norm = nn.LayerNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, T, inputs)`` to ``(B, T, outputs)``."""
        filtered = self.filter(F.pad(x.transpose(1, 2), (self.before, 0))).transpose(1, 2)
        return F.gelu(self.norm(filtered))


class TransformerLayer(nn.Module):
    """Attention and two linear layers, each behind a norm and added to what came in (pre-norm).

    Parameters
    ----------
    width, heads : int
    dropout : float
    causal : bool
    """

    def __init__(self, width: int, heads: int, dropout: float, *, causal: bool) -> None:
        super().__init__()
        self.attention = SelfAttention(width, heads, causal=causal)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """``(B, T, W)`` to ``(B, T, W)``."""
        x = x + self.drop(self.attention(self.first(x), padding))
        out: Tensor = x + self.drop(self.feed(self.second(x)))
        return out


class CnnTransformerNetwork(Network):
    """Three causal convolutions, positions, a transformer; the last bar decides.

    Parameters
    ----------
    n_features, n_classes : int
        As of :class:`augury.models.deep.networks.simple_lstm.SimpleLstmNetwork`.
    channels : sequence of int
        Of the convolutions; the last one is the width of the transformer.
    kernels : sequence of int
        Bars each convolution looks at.
    layers, heads : int
        Of the transformer.
    dropout : float
    mode : str
        ``retrospective`` or ``causal``: whether a bar attends to later ones; convolutions never look ahead.
    outputs : sequence of str
    side : int
    fusion : str

    Examples
    --------
    >>> CnnTransformerNetwork(11)(torch.zeros(2, 105, 11)).logits.shape
    torch.Size([2, 2])
    """

    KIND = "window"
    SMALL: ClassVar[Json] = {"channels": [8, 8, 16], "layers": 1, "heads": 2, "dropout": 0.0}

    def __init__(
        self,
        n_features: int,
        n_classes: int = 2,
        channels: Sequence[int] = (64, 128, 128),
        kernels: Sequence[int] = (3, 5, 9),
        layers: int = 3,
        heads: int = 4,
        dropout: float = 0.1,
        mode: str = RETROSPECTIVE,
        outputs: Sequence[str] = (),
        side: int = 0,
        fusion: str = "concat",
    ) -> None:
        super().__init__(
            n_features=n_features,
            n_classes=n_classes,
            channels=list(channels),
            kernels=list(kernels),
            layers=layers,
            heads=heads,
            dropout=dropout,
            mode=mode,
            outputs=list(outputs),
            side=side,
            fusion=fusion,
        )
        causal, width = is_causal(mode), channels[-1]
        inputs = [n_features, *channels[:-1]]
        self.convolutions = nn.Sequential(
            *(CausalConvolution(*sizes) for sizes in zip(inputs, channels, kernels, strict=True))
        )
        self.positions = SinePositions(width)
        self.layers = nn.ModuleList(TransformerLayer(width, heads, dropout, causal=causal) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.fusion = SideFusion(width, side, fusion) if side else None
        self.head = class_head(width, n_classes, dropout)
        self.spans = SpanHeads(width, tuple(outputs)) if outputs else None

    def forward(self, x: Tensor, *, lengths: Tensor | None = None, side: Tensor | None = None) -> WindowOutput:
        """Read windows ``(B, T, F)``; see ``SimpleLstmNetwork.forward``."""
        self.check_width(x)
        padding = padding_of(x, lengths)
        states = self.positions(self.convolutions(x))
        for layer in self.layers:
            states = layer(states, padding)
        states = self.norm(states)
        rows = torch.arange(len(x), device=x.device)
        window = states[:, -1] if lengths is None else states[rows, lengths.to(x.device).long() - 1]
        if self.fusion is None:
            no_side(side)
        else:
            window = self.fusion(window, side)
        logits = self.head(window)
        return WindowOutput(logits) if self.spans is None else WindowOutput(logits, **self.spans(states, window))

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """``head``, then the transformer and the convolutions as encoder layers, last first."""
        head = [self.head, self.norm, *(part for part in (self.fusion, self.spans) if part is not None)]
        found = {"head": [p for part in head for p in part.parameters()]}
        for number in reversed(range(len(self.layers))):
            found[f"encoder.layer_{number + 1}"] = list(self.layers[number].parameters())
        return found | {"encoder.layer_0": list(self.convolutions.parameters())}


NETWORK = CnnTransformerNetwork
