"""The LSTM-transformer over windows of rows, its one answer read as a logit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import torch
from torch import Tensor, nn

from augury.core.errors import NotTrained
from augury.core.seeds import derive
from augury.core.typing import Bools, Features, Floats, Json
from augury.learning.loop import fit
from augury.learning.losses.binary_focal import BinaryFocalLoss
from augury.learning.settings import TrainingSettings
from augury.models.deep.network import Network, device_of
from augury.models.deep.networks.lstm_transformer import LstmTransformer
from augury.models.deep.storage import load_network, save_network
from augury.models.signals.body import GAMMA, weight_of_hits

_NAME: Final = "lstm_transformer"
_BATCH: Final = 256


class SequenceBody:
    """The network of ``models/deep/networks/lstm_transformer.py`` on windows ``(n, L, F)`` standardised by the caller.

    Parameters
    ----------
    network : dict, optional
        What differs from the network's defaults.
    training : dict, optional
        What differs from :class:`~augury.learning.settings.TrainingSettings` with 30 epochs and patience 6.
    device : str
        ``auto`` is CUDA when present.
    """

    def __init__(self, network: Json | None = None, training: Json | None = None, device: str = "auto") -> None:
        self.network, self.training, self.device = dict(network or {}), dict(training or {}), device
        self.module: Network | None = None

    def fit(self, X: Features, hit: Bools, stop_X: Features, stop_hit: Bools) -> Self:
        """Learn; see :class:`~augury.models.signals.body.Body`."""
        settings = TrainingSettings.from_json({"epochs": 30, "patience": 6} | self.training)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(settings.seed, "network", _NAME))
            module = LstmTransformer(X.shape[2], horizons=(1,), levels=(0.5,), **self.network)
        task = _Task(module.to(device_of(self.device)), X, hit, stop_X, stop_hit, settings.seed)
        fit(task, settings)
        self.module = module.eval()
        return self

    def logits(self, X: Features) -> Floats:
        """Score windows."""
        if self.module is None:
            raise NotTrained("a body was asked before it was fitted")
        parts = torch.split(torch.from_numpy(np.ascontiguousarray(X, dtype=np.float32)), _BATCH)
        with torch.no_grad():
            said = [_logit(self.module, part.to(device_of(self.device))).cpu() for part in parts]
        return torch.cat(said).double().numpy()

    def save(self, folder: Path) -> None:
        """Write the weights as safetensors."""
        if self.module is None:
            raise NotTrained("a body was to be kept before it was fitted")
        save_network(self.module, _NAME, folder, {"network": self.network, "training": self.training})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        module, _, facts = load_network(folder)
        made = cls(facts["network"], facts["training"])
        made.module = module.to(device_of(made.device))
        return made


class _Task:
    """Rows of the fit slice in shuffled batches; the focal loss of the stop slice."""

    def __init__(self, module: Network, X: Features, hit: Bools, stop_X: Features, stop_hit: Bools, seed: int) -> None:
        self._module, self._seed = module, seed
        self._loss = BinaryFocalLoss(GAMMA, weight_of_hits(hit))
        device = next(module.parameters()).device
        self._x, self._y, self._late, self._came = (
            torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(device)
            for values in (X, hit, stop_X, stop_hit)
        )

    @property
    def network(self) -> nn.Module:
        return self._module

    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        return self._module.groups()

    def batches(self, epoch: int) -> Iterator[Tensor]:
        draws = torch.Generator().manual_seed(derive(self._seed, "signals", str(epoch)))
        yield from torch.split(torch.randperm(len(self._x), generator=draws), _BATCH)

    def loss(self, batch: Tensor) -> Tensor:
        loss: Tensor = self._loss(_logit(self._module, self._x[batch]), self._y[batch])
        return loss

    def measures(self) -> Mapping[str, float]:
        said = torch.cat([_logit(self._module, part) for part in torch.split(self._late, _BATCH)])
        return {"loss": float(self._loss(said, self._came))}


def _logit(module: Any, x: Tensor) -> Tensor:
    logit: Tensor = module(x).quantiles[:, 0, 0]
    return logit


BODY = SequenceBody
