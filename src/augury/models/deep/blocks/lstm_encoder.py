"""The encoder that is pre-trained, transferred and unfrozen: a recurrent net over the bars of a window."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from augury.core.errors import SchemaMismatch
from augury.core.typing import Json


class LstmEncoder(nn.Module):
    """Encode every bar of a window by what came before it, and after it when it reads both ways.

    Its tensors carry the names of an encoder file (``lstm.weight_ih_l0`` …), four a layer and direction.
    Read both ways, bar t knows all later bars: then it describes windows and forecasts nothing.

    Parameters
    ----------
    n_features : int
        Width of a bar.
    hidden : int
        States in each direction; larger holds more and needs more windows.
    layers : int
        Stacked nets, at least 1.
    bidirectional : bool
        Whether it reads both ways.
    dropout : float
        Share of states dropped between layers while training, 0..1; nothing happens with one layer.

    Examples
    --------
    >>> import torch
    >>> encoder = LstmEncoder(4, hidden=128)
    >>> sum(tensor.numel() for tensor in encoder.parameters()), len(list(encoder.parameters()))
    (137216, 8)
    >>> encoder(torch.zeros(2, 105, 4)).shape
    torch.Size([2, 105, 256])
    """

    def __init__(
        self, n_features: int, hidden: int = 128, layers: int = 1, bidirectional: bool = True, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.settings: Json = {
            "n_features": n_features,
            "hidden": hidden,
            "layers": layers,
            "bidirectional": bidirectional,
        }
        self.lstm = nn.LSTM(
            n_features,
            hidden,
            layers,
            batch_first=True,
            bidirectional=bidirectional,
            dropout=dropout if layers > 1 else 0.0,
        )

    @property
    def width(self) -> int:
        """States of a bar: ``hidden`` times the directions."""
        return int(self.settings["hidden"]) * (2 if self.settings["bidirectional"] else 1)

    def forward(self, x: Tensor) -> Tensor:
        """Encode ``(B, T, F)`` into ``(B, T, width)``.

        Raises
        ------
        SchemaMismatch
            Bars of another width.
        """
        if x.ndim != 3 or x.shape[-1] != self.settings["n_features"]:
            raise SchemaMismatch(
                f"the encoder reads (rows, steps, {self.settings['n_features']}), got {tuple(x.shape)}: "
                "it is not rebuilt to fit"
            )
        states: Tensor = self.lstm(x)[0]
        return states

    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """Every parameter once, from the last layer (next to the head) to the first: ``encoder.layer_1`` …"""
        found: dict[str, list[nn.Parameter]] = {}
        for layer in reversed(range(self.settings["layers"])):
            found[f"encoder.layer_{layer}"] = [
                parameter
                for name, parameter in self.lstm.named_parameters()
                if name.removesuffix("_reverse").endswith(f"_l{layer}")
            ]
        return found
