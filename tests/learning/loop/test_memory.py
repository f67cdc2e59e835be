"""A batch that does not fit is halved once; after that a training fails and keeps its state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from line_task import Batch, LineTask
from torch import Tensor

from augury.core.errors import ModelError
from augury.learning.loop import fit
from augury.learning.settings import TrainingSettings

SETTINGS = TrainingSettings(epochs=3, learning_rate=0.05, threads=1)


class Tight(LineTask):
    """Memory holds only some rows from an epoch on."""

    def __init__(self, rows: int, error: Exception, epoch: int = 0) -> None:
        super().__init__()
        self.rows, self.error, self.at, self.epoch, self.sizes = rows, error, epoch, 0, list[int]()

    def batches(self, epoch: int) -> Any:
        self.epoch = epoch
        return super().batches(epoch)

    def loss(self, batch: Batch) -> Tensor:
        if self.network.training and self.epoch >= self.at:
            if len(batch[0]) > self.rows:
                raise self.error
            self.sizes.append(len(batch[0]))
        return super().loss(batch)


class Cut(Tight):
    def halves(self, batch: Batch) -> Sequence[Batch]:
        return tuple(zip(batch[0].split(4), batch[1].split(4), strict=True))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_batches_are_halved_from_the_first_that_does_not_fit(error: Exception) -> None:
    task = Cut(4, error, epoch=1)
    history = fit(task, SETTINGS)
    assert [epoch.steps for epoch in history.epochs] == [5, 10, 10]
    assert set(task.sizes) == {4}
    assert history.epochs[1].events == ({"event": "out_of_memory", "did": "halved"},)


def test_half_that_does_not_fit_ends_the_training_with_its_state_kept(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="half of the names"):
        fit(Cut(3, MemoryError(), epoch=2), SETTINGS, folder=tmp_path)
    assert [record.epoch for record in fit(Cut(9, MemoryError()), SETTINGS, folder=tmp_path).epochs] == [0, 1, 2]
    with pytest.raises(ModelError, match="a batch of Tight does not fit"):
        fit(Tight(4, MemoryError()), SETTINGS)


def test_another_error_is_not_taken_for_lack_of_memory() -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        fit(Cut(4, RuntimeError("shapes differ")), SETTINGS)
