"""A line with noise learnt by a small network with dropout; also run as a program that is killed on the way.

``python line_task.py FOLDER EPOCH SETTINGS`` trains into a folder and dies by SIGKILL in the middle of an epoch.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from augury.learning.loop import EpochRecord, fit
from augury.learning.settings import TrainingSettings

Batch = tuple[Tensor, Tensor]


class Net(nn.Module):
    """An encoder and a head, dropout between them, and running statistics as a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(4, 8)
        self.norm = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.drop(torch.tanh(self.norm(self.encoder(x)))))
        return out[:, 0]


class LineTask:
    """Five batches of eight rows an epoch."""

    def __init__(self, network: nn.Module | None = None, *, epoch_to_die: int | None = None) -> None:
        draw = torch.Generator().manual_seed(1)
        self.x = torch.randn(40, 4, generator=draw)
        self.y = self.x @ torch.tensor([1.0, -2.0, 0.5, 0.0]) + 0.1 * torch.randn(40, generator=draw)
        torch.manual_seed(3)
        self._network = network or Net()
        self.epoch_to_die = epoch_to_die
        self.seen: list[int] = []

    @property
    def network(self) -> nn.Module:
        return self._network

    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        if not isinstance(self._network, Net):
            return {"head": list(self._network.parameters())}
        net = self._network
        return {"head": [*net.head.parameters(), *net.norm.parameters()], "encoder": list(net.encoder.parameters())}

    def batches(self, epoch: int) -> Iterator[Batch]:
        self.seen.append(epoch)
        order = torch.randperm(40, generator=torch.Generator().manual_seed(epoch))
        for number, rows in enumerate(order.split(8)):
            if epoch == self.epoch_to_die and number == 2:
                self.die()
            yield self.x[rows], self.y[rows]

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def loss(self, batch: Batch) -> Tensor:
        x, y = batch
        return ((self._network(x) - y) ** 2).mean()

    def measures(self) -> Mapping[str, float]:
        error = ((self._network(self.x) - self.y) ** 2).mean()
        return {"loss": float(error), "fit": 1.0 / (1.0 + float(error))}


class Script:
    """A hook that says what it is told to and notes when it was called."""

    def __init__(self, events: Mapping[int, Sequence[dict[str, Any]]] | None = None, stop: int = -1) -> None:
        self.events, self.stop = events or {}, stop
        self.calls: list[tuple[str, int]] = []

    def before_epoch(self, epoch: int, task: object) -> Sequence[dict[str, Any]]:
        self.calls.append(("before", epoch))
        return self.events.get(epoch, ())

    def after_epoch(self, record: EpochRecord) -> str | None:
        self.calls.append(("after", record.epoch))
        return "enough" if record.epoch == self.stop else None


if __name__ == "__main__":
    fit(
        LineTask(epoch_to_die=int(sys.argv[2])),
        TrainingSettings.from_json(json.loads(sys.argv[3])),
        folder=Path(sys.argv[1]),
    )
