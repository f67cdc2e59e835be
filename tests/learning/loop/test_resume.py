"""A training can be cut off anywhere and goes on as if it had not been."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import line_task
import pytest
import torch
from line_task import LineTask, Script
from torch import Tensor

from augury.core.errors import CorruptArtifact, UsageError
from augury.learning.loop import History, fit
from augury.learning.settings import TrainingSettings

SETTINGS = TrainingSettings(
    epochs=7,
    learning_rate=0.02,
    optimizer="adabelief",
    schedule="plateau",
    schedule_settings={"wait": 1},
    ema=0.9,
    patience=3,
    threads=1,
)


def told(history: History) -> list[dict[str, Any]]:
    """The history without what the clock says."""
    return [record.to_json() | {"seconds": 0, "waited": 0} for record in history.epochs]


def equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def cut_off(folder: Path, settings: TrainingSettings, epoch: int) -> None:
    """Train in this process until an epoch breaks in its middle."""

    class Interrupted(LineTask):
        def die(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(Interrupted(epoch_to_die=epoch), settings, folder=folder)


def test_a_training_killed_by_the_system_ends_bit_for_bit_as_one_that_was_not(tmp_path: Path) -> None:
    arguments = [str(tmp_path / "run"), "4", json.dumps(SETTINGS.to_json())]
    died = subprocess.run([sys.executable, line_task.__file__, *arguments], capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    whole, resumed = LineTask(), LineTask()
    expected = fit(whole, SETTINGS)
    found = fit(resumed, SETTINGS, folder=tmp_path / "run")
    assert resumed.seen == [4, 5, 6]
    assert told(found) == told(expected)
    assert (found.best_epoch, found.stopped) == (expected.best_epoch, expected.stopped)
    assert equal(resumed.network.state_dict(), whole.network.state_dict())


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "adamw", "schedule": "cosine_restarts", "schedule_settings": {"t0": 2}, "ema": 0.0},
        {"precision": "bf16"},
        {"precision": "fp16", "optimizer": "adamw"},
        {"patience": 1, "learning_rate": 0.2},
    ],
    ids=lambda changes: "-".join(map(str, changes)),
)
def test_an_interrupt_leaves_the_last_epoch_and_the_rest_is_the_same(tmp_path: Path, changes: dict[str, Any]) -> None:
    settings = SETTINGS.replace(**changes)
    whole, resumed = LineTask(), LineTask()
    expected = fit(whole, settings)
    cut_off(tmp_path, settings, epoch=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best-00000.safetensors", "state-00000.safetensors", "training.json",
    ]  # fmt: skip
    assert told(fit(resumed, settings, folder=tmp_path)) == told(expected)
    assert equal(resumed.network.state_dict(), whole.network.state_dict())


def test_a_training_that_was_done_gives_its_history_again_and_trains_nothing(tmp_path: Path) -> None:
    first, again = LineTask(), LineTask()
    expected = fit(first, SETTINGS, folder=tmp_path, hooks=[Script(stop=2)])
    found = fit(again, SETTINGS, folder=tmp_path, hooks=[Script(stop=2)])
    assert (again.seen, found, found.stopped) == ([], expected, "enough")
    assert equal(again.network.state_dict(), first.network.state_dict())


def test_hooks_of_a_resumed_training_are_called_for_the_epochs_that_are_done(tmp_path: Path) -> None:
    cut_off(tmp_path, SETTINGS, epoch=2)
    hook, fresh = Script(), Script()
    fit(LineTask(), SETTINGS, folder=tmp_path, hooks=[hook])
    fit(LineTask(), SETTINGS, hooks=[fresh])
    assert hook.calls == fresh.calls


@pytest.mark.parametrize("change", [{"learning_rate": 0.03}, {"seed": 2}, {"epochs": 9}])
def test_a_folder_of_another_training_is_refused_with_the_difference(tmp_path: Path, change: dict[str, Any]) -> None:
    cut_off(tmp_path, SETTINGS, epoch=1)
    before = (tmp_path / "training.json").read_bytes()
    with pytest.raises(UsageError, match=f"holds another training: {next(iter(change))}"):
        fit(LineTask(), SETTINGS.replace(**change), folder=tmp_path)
    assert (tmp_path / "training.json").read_bytes() == before


def test_other_data_are_another_training_and_other_threads_are_not(tmp_path: Path) -> None:
    class Named(LineTask):
        def __init__(self, data: str) -> None:
            super().__init__()
            self.data = data

        def identity(self) -> dict[str, Any]:
            return {"data": self.data}

    settings = SETTINGS.replace(epochs=1)
    fit(Named("a"), settings, folder=tmp_path)
    fit(Named("a"), settings.replace(threads=2, workers=1), folder=tmp_path)
    with pytest.raises(UsageError, match="other data"):
        fit(Named("b"), settings, folder=tmp_path)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    cut_off(tmp_path, SETTINGS, epoch=2)
    path = tmp_path / "state-00001.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(CorruptArtifact, match="cannot go on"):
        fit(LineTask(), SETTINGS, folder=tmp_path)


def test_tensors_beside_the_network_are_kept_too(tmp_path: Path) -> None:
    class Weighed(LineTask):
        """A loss with a weight that is trained and a count that is only kept."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.side = torch.nn.BatchNorm1d(1)
            self.loose = torch.nn.Parameter(torch.zeros(1))

        def side_modules(self) -> Mapping[str, torch.nn.Module]:
            return {"loss": self.side}

        def groups(self) -> Mapping[str, list[torch.nn.Parameter]]:
            return {**super().groups(), "weights": [*self.side.parameters(), self.loose]}

        def loss(self, batch: tuple[Tensor, Tensor]) -> Tensor:
            error = super().loss(batch)
            return error + (self.side(batch[1][:, None]) ** 2).mean() + (self.loose - 1.0).square().sum()

        def die(self) -> None:
            raise KeyboardInterrupt

    whole, resumed = Weighed(), Weighed()
    fit(whole, SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        fit(Weighed(epoch_to_die=3), SETTINGS, folder=tmp_path)
    fit(resumed, SETTINGS, folder=tmp_path)
    assert equal(resumed.side.state_dict(), whole.side.state_dict())
    assert torch.equal(resumed.loose, whole.loose)
    assert float(resumed.loose.detach()) > 0.05
