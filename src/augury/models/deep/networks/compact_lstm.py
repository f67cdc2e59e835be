"""Compact net for few windows: strong dropout, the mean over bars, three heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from augury.core.typing import Json
from augury.models.deep.blocks.lstm_encoder import LstmEncoder
from augury.models.deep.blocks.window_heads import SideFusion, SpanHeads, no_side
from augury.models.deep.blocks.window_modes import RETROSPECTIVE, encoded_windows, is_causal, padding_of
from augury.models.deep.network import Network, WindowOutput


class CompactLstmNetwork(Network):
    """LSTM, mean over the bars, a projection; class, pointer and span heads.

    Parameters
    ----------
    n_features, n_classes : int
        As of :class:`augury.models.deep.networks.simple_lstm.SimpleLstmNetwork`.
    hidden : int
        States in each direction.
    projection : int
        Width of what the class is read from, and of each bar for pointer and span.
    input_dropout, dropout : float
        Of the bars' features, and of the projection; larger needs more epochs and forgets more noise.
    mode : str
        ``retrospective`` or ``causal``.
    outputs : sequence of str
        Heads beside the classes.
    side : int
    fusion : str

    Examples
    --------
    >>> import torch
    >>> said = CompactLstmNetwork(4, hidden=8)(torch.zeros(2, 105, 4))
    >>> said.logits.shape, said.start.shape, said.span.shape
    (torch.Size([2, 2]), torch.Size([2, 45]), torch.Size([2, 105]))
    """

    KIND = "window"
    SMALL: ClassVar[Json] = {"hidden": 8, "projection": 16, "input_dropout": 0.0, "dropout": 0.0, "outputs": []}

    def __init__(
        self,
        n_features: int,
        n_classes: int = 2,
        hidden: int = 96,
        projection: int = 64,
        input_dropout: float = 0.3,
        dropout: float = 0.6,
        mode: str = RETROSPECTIVE,
        outputs: Sequence[str] = ("pointer", "span"),
        side: int = 0,
        fusion: str = "concat",
    ) -> None:
        super().__init__(
            n_features=n_features,
            n_classes=n_classes,
            hidden=hidden,
            projection=projection,
            input_dropout=input_dropout,
            dropout=dropout,
            mode=mode,
            outputs=list(outputs),
            side=side,
            fusion=fusion,
        )
        self.drop = nn.Dropout(input_dropout)
        self.encoder = LstmEncoder(n_features, hidden, bidirectional=not is_causal(mode))
        self.project = nn.Sequential(nn.Linear(self.encoder.width, projection), nn.ReLU(), nn.Dropout(dropout))
        self.fusion = SideFusion(projection, side, fusion) if side else None
        self.head = nn.Linear(projection, n_classes)
        self.spans = SpanHeads(projection, tuple(outputs)) if outputs else None

    def forward(self, x: Tensor, *, lengths: Tensor | None = None, side: Tensor | None = None) -> WindowOutput:
        """Read windows ``(B, T, F)``; see ``SimpleLstmNetwork.forward``."""
        self.check_width(x)
        padding = padding_of(x, lengths)
        encoded = encoded_windows(self.encoder, self.drop(x), lengths)
        if padding is None:
            mean = encoded.mean(dim=1)
        else:
            kept = (~padding)[:, :, None].to(encoded.dtype)
            mean = (encoded * kept).sum(dim=1) / kept.sum(dim=1)
        window = self.project(mean)
        if self.fusion is None:
            no_side(side)
        else:
            window = self.fusion(window, side)
        logits = self.head(window)
        if self.spans is None:
            return WindowOutput(logits)
        return WindowOutput(logits, **self.spans(self.project(encoded), window))

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """``head`` (with the projection) and ``encoder.layer_0``."""
        head = [self.head, self.project, *(part for part in (self.fusion, self.spans) if part is not None)]
        return {"head": [p for part in head for p in part.parameters()], **self.encoder.groups()}


NETWORK = CompactLstmNetwork
