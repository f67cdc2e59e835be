"""Learn to tell, at every bar, whether it breaks out, turns, and what shape it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from augury.core.errors import DataError
from augury.core.typing import Ints
from augury.learning.pretrain._windows import BATCH, WindowData, WindowPretraining

TASKS: Final[Mapping[str, tuple[int, float]]] = {"expansion": (2, 0.5), "swing": (3, 0.3), "candle": (4, 0.2)}
"""Task to its number of classes and its weight in the loss."""


class Heads(nn.Module):
    """A norm and one small net a task over the states of each bar.

    Parameters
    ----------
    width : int
        States of a bar.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.tasks = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(width, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, classes))
                for name, (classes, _) in TASKS.items()
            }
        )

    def forward(self, states: Tensor) -> dict[str, Tensor]:
        """Turn ``(B, T, width)`` into logits ``(B, T, 2)``, ``(B, T, 3)`` and ``(B, T, 4)``."""
        normed = self.norm(states)
        return {name: head(normed) for name, head in self.tasks.items()}


class Multitask(WindowPretraining):
    """Three labels of each bar, made from the bars themselves.

    ``loss = 0.5 CE(expansion) + 0.3 CE(swing) + 0.2 CE(candle)``. Expansions are rare, so a head that never
    sees one is right almost always: balanced accuracy and the constant's score stand beside accuracy.

    Parameters
    ----------
    encoder : Module
    data : WindowData
        With ``labels`` of all three tasks.
    balanced : bool
        Weigh classes by the inverse of their share among the training bars.
    batch_size : int
    seed : int

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> data = WindowData(
    ...     rng.normal(size=(4, 105, 4)).astype(np.float32), np.arange(2), np.arange(2, 4),
    ...     {name: rng.integers(0, classes, (4, 105)) for name, (classes, _) in TASKS.items()},
    ... )
    >>> class Encoder(nn.Linear):
    ...     width = 8
    ...     def groups(self): return {"encoder.layer_0": list(self.parameters())}
    >>> task = Multitask(Encoder(4, 8), data)
    >>> [tuple(logits.shape) for logits in task.logits(torch.arange(2)).values()]
    [(2, 105, 2), (2, 105, 3), (2, 105, 4)]
    """

    def __init__(
        self, encoder: nn.Module, data: WindowData, *, balanced: bool = True, batch_size: int = BATCH, seed: int = 1337
    ) -> None:
        own: Any = encoder
        super().__init__(encoder, data, Heads(int(own.width)), batch_size, seed)
        if absent := [name for name in TASKS if name not in data.labels]:
            raise DataError(f"multitask pre-training needs the labels {', '.join(TASKS)}; absent: {', '.join(absent)}")
        self.codes = {name: torch.from_numpy(np.asarray(data.labels[name], dtype=np.int64)) for name in TASKS}
        self.weights = {name: self._class_weight(name) if balanced else None for name in TASKS}

    def _class_weight(self, name: str) -> Tensor:
        """Inverse shares; a class the training windows lack weighs nothing, the mean over bars is 1."""
        counts = torch.bincount(self.codes[name][self.data.train].flatten(), minlength=TASKS[name][0]).double()
        occurring = counts > 0
        weights = torch.where(occurring, counts.sum() / (occurring.sum() * counts.clamp(min=1)), 0.0)
        return weights.float()

    def logits(self, batch: Tensor) -> dict[str, Tensor]:
        """Return the logits of each task for some windows."""
        found: dict[str, Tensor] = self.heads(self.encode(self.inputs(batch)))
        return found

    def loss(self, batch: Tensor) -> Tensor:
        """Return the weighted sum of the three cross-entropies."""
        return torch.stack(
            [TASKS[name][1] * loss for name, loss in self._losses(self.logits(batch), batch).items()]
        ).sum()

    def _losses(self, logits: Mapping[str, Tensor], batch: Tensor) -> dict[str, Tensor]:
        losses = {}
        for name, values in logits.items():
            weight = self.weights[name]
            codes = self.codes[name][batch].to(values.device)
            losses[name] = cross_entropy(
                values.flatten(0, 1), codes.flatten(), None if weight is None else weight.to(values.device)
            )
        return losses

    def measures(self) -> Mapping[str, float]:
        """Loss in all, and of each task loss, accuracy, balanced accuracy and the constant's two scores."""
        batches = list(self.select_batches())
        found = [self.logits(rows) for rows in batches]
        chosen = torch.cat(batches)
        whole = {name: torch.cat([part[name] for part in found]) for name in TASKS}
        losses = {name: float(loss) for name, loss in self._losses(whole, chosen).items()}
        out = {"loss": sum(TASKS[name][1] * loss for name, loss in losses.items())}
        for name, values in whole.items():
            truth, answer = self.codes[name][chosen].flatten().numpy(), values.argmax(-1).flatten().cpu().numpy()
            out[f"{name}_loss"] = losses[name]
            out |= {f"{name}_{measure}": value for measure, value in _scores(truth, answer, TASKS[name][0]).items()}
        return out


def _scores(truth: Ints, answer: Ints, classes: int) -> dict[str, float]:
    """Accuracy and balanced accuracy (mean recall of the classes that occur), and the best constant's."""
    counts = np.bincount(truth, minlength=classes)
    hits = np.bincount(truth[truth == answer], minlength=classes)
    occurring = counts > 0
    return {
        "accuracy": float(hits.sum() / counts.sum()),
        "balanced_accuracy": float((hits[occurring] / counts[occurring]).mean()),
        "constant_accuracy": float(counts.max() / counts.sum()),
        "constant_balanced_accuracy": float(1.0 / occurring.sum()),
    }


PRETRAIN = Multitask
