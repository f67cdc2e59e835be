"""What every pre-training on windows shares: scaled input, batches, and the groups of its parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from augury.core.errors import DataError
from augury.core.hashing import sha256_bytes
from augury.core.seeds import derive
from augury.core.typing import Features, Ints, Json

BATCH: Final = 512
"""Windows a step; 64 in the small profile."""
_MEAN_ABS_MAX: Final = 10.0
_SPREAD_MIN: Final = 0.05


@dataclass(frozen=True)
class WindowData:
    """Scaled windows, divided by date with a gap between train and select.

    Parameters
    ----------
    features : (n, T, F) float32
        Scaled; raw prices are refused.
    train, select : (n,) int
        Row numbers; no bar is in both.
    labels : dict
        Task to codes ``(n, T)``; only ``multitask`` reads them.
    symbol, start, end : (n,) int
        Which series a window is of and where it begins and ends; windows that overlap are no negatives.

    Raises
    ------
    DataError
        Features that are not finite or not scaled, or an empty side.
    """

    features: Features
    train: Ints
    select: Ints
    labels: Mapping[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    symbol: Ints | None = None
    start: Ints | None = None
    end: Ints | None = None

    def __post_init__(self) -> None:
        if not len(self.train) or not len(self.select):
            raise DataError(f"{len(self.train)} windows to learn from and {len(self.select)} to select by: both needed")
        refuse_unscaled(self.features[self.train])


def refuse_unscaled(features: Features) -> None:
    """Refuse windows that were not scaled: a loss on raw prices measures their level.

    Scaled columns have a mean absolute value below 10 and, unless they are constant, a standard
    deviation of at least 0.05.

    Raises
    ------
    DataError
        Naming the column.
    """
    flat = features.reshape(-1, features.shape[-1]).astype(np.float64)
    size, spread = np.abs(flat).mean(axis=0), flat.std(axis=0)
    if not np.isfinite(size).all():
        raise DataError(f"column {int(np.argmin(np.isfinite(size)))} of the windows holds a value that is not finite")
    constant = spread <= 1e-6 * np.maximum(size, 1e-12)
    bad = (size >= _MEAN_ABS_MAX) | ((spread < _SPREAD_MIN) & ~constant)
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"column {at} of the windows has mean absolute value {size[at]:.4g} (below {_MEAN_ABS_MAX:g} when scaled) "
            f"and standard deviation {spread[at]:.4g}: pre-training reads scaled features, not prices"
        )


class WindowPretraining(ABC):
    """A task over windows: subclasses say what a batch loses and what is measured.

    Parameters
    ----------
    encoder : Module
        ``(B, T, F)`` to ``(B, T, W)`` with ``width`` and ``groups()``.
    data : WindowData
    heads : Module
        Thrown away after pre-training; the first is the one next to the encoder.
    batch_size : int
    seed : int
        Of order, masks and views.
    """

    def __init__(self, encoder: nn.Module, data: WindowData, heads: nn.Module, batch_size: int, seed: int) -> None:
        self.network = nn.ModuleDict({"encoder": encoder, "heads": heads})
        self.encoder, self.heads, self.data, self.seed = encoder, heads, data, seed
        self.batch_size = batch_size
        self.features = torch.from_numpy(np.ascontiguousarray(data.features, dtype=np.float32))
        self._draws = torch.Generator()

    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """Heads, then the encoder's layers from the last to the first."""
        own: Any = self.encoder
        return {"head": list(self.heads.parameters()), **own.groups()}

    def identity(self) -> Json:
        """Hash of the windows and of how they are divided."""
        parts = (self.data.features, self.data.train, self.data.select)
        return {"data": [sha256_bytes(np.ascontiguousarray(part).tobytes()) for part in parts], "seed": self.seed}

    def batches(self, epoch: int) -> Iterator[Tensor]:
        """Yield row numbers; the last batch may be smaller, but never a single window."""
        self._draws.manual_seed(derive(self.seed, "pretrain", str(epoch)))
        order = torch.from_numpy(self.data.train)[torch.randperm(len(self.data.train), generator=self._draws)]
        for rows in torch.split(order, self.batch_size):
            if len(rows) > 1 or len(order) == 1:
                yield rows

    @abstractmethod
    def loss(self, batch: Tensor) -> Tensor:
        """Return the mean loss of a batch of row numbers."""

    def select_batches(self) -> Iterator[Tensor]:
        """Yield the select slice in order, with the same draws each time it is measured."""
        self._draws.manual_seed(derive(self.seed, "pretrain", "select"))
        yield from torch.split(torch.from_numpy(self.data.select), self.batch_size)

    def measures(self) -> Mapping[str, float]:
        """Mean loss of the select slice."""
        total = sum(float(self.loss(rows)) * len(rows) for rows in self.select_batches())
        return {"loss": total / len(self.data.select)}

    def encode(self, x: Tensor) -> Tensor:
        """Encode windows where the encoder is."""
        states: Tensor = self.encoder(x)
        return states

    def inputs(self, rows: Tensor) -> Tensor:
        """Return the features of some windows, on the device of the network."""
        return self.features[rows].to(next(self.network.parameters()).device)
