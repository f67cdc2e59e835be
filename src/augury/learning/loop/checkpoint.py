"""A training in a folder, so that it can be killed at any moment and go on.

``training.json`` says where the training is and names two files of tensors beside it:
``state-<epoch>.safetensors`` (weights, optimiser, average) and ``best-<epoch>.safetensors`` (the weights of
the best epoch). Each is written whole before ``training.json`` names it, so a kill leaves the epoch
before. There is no random state: each epoch begins with its own (:func:`surroundings.seed_epoch`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from safetensors.torch import load_file, save_file
from torch import Tensor

from augury.core.atomic import replacing, write_text
from augury.core.errors import CorruptArtifact, UsageError
from augury.core.hashing import sha256_file
from augury.core.typing import Json
from augury.learning.loop.averaging import write_over
from augury.learning.loop.history import EpochRecord
from augury.learning.loop.stopping import Patience
from augury.learning.loop.training import Training, optimizer_tensors, restore_optimizer

STATUS: Final = "training.json"


class Checkpoint:
    """The folder of one training.

    Parameters
    ----------
    folder : Path
        Made when it is not there.
    training : Training
        Fresh, as it was begun.

    Raises
    ------
    UsageError
        The folder holds another training.
    CorruptArtifact
        It holds this one, and a file was changed.
    """

    def __init__(self, folder: Path, training: Training) -> None:
        self.folder = folder
        self.training = training
        self.identity = training.identity()
        self._best: Json | None = None
        path = folder / STATUS
        self.status: Json | None = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        if self.status is not None and self.status["identity"] != self.identity:
            differing = _difference(self.status["settings"], training.settings.to_json())
            raise UsageError(
                f"{folder} holds another training: {differing}; "
                "a training goes on only with the settings, network and data it began with",
                fix=f"mv {folder} {folder}.old",
            )

    @property
    def records(self) -> list[EpochRecord]:
        """The epochs that are done."""
        return [EpochRecord.from_json(record) for record in (self.status or {"records": []})["records"]]

    def restore(self) -> None:
        """Put the training where it was; nothing happens in a new folder."""
        if (status := self.status) is None:
            return
        training = self.training
        state, best = self._read(status["state"]), self._read(status["best"])
        training.put(_part(state, "live."))
        write_over(training.best.tensors, best)
        if training.average is not None:
            write_over(training.average.tensors, _part(state, "average."))
            training.average.steps = status["average_steps"]
        restore_optimizer(training.optimizer, _part(state, "optimizer.") | status["optimizer"])
        training.schedule.restore(status["schedule"])
        training.precision.restore(status["precision"])
        training.patience = Patience(**status["patience"])
        training.records, training.stopped = self.records, status["stopped"]
        self._best = status["best"]

    def keep(self) -> None:
        """Write what the training is now, and remove what it was."""
        training = self.training
        tensors, numbers = optimizer_tensors(training.optimizer)
        state = _named("live.", training.live()) | _named("optimizer.", tensors)
        state |= _named("average.", training.average.tensors) if training.average else {}
        best_epoch = training.patience.best_epoch
        if self._best is None or self._best["epoch"] != best_epoch:
            self._best = self._write("best", best_epoch, training.best.tensors)
        status: Json = {
            "identity": self.identity,
            "settings": training.settings.to_json(),
            "state": self._write("state", len(training.records) - 1, state),
            "best": self._best,
            "optimizer": numbers,
            "average_steps": training.average.steps if training.average else 0,
            "schedule": training.schedule.state(),
            "precision": training.precision.state(),
            "patience": training.patience.state(),
            "stopped": training.stopped,
            "records": [record.to_json() for record in training.records],
        }
        write_text(self.folder / STATUS, json.dumps(status, indent=1, sort_keys=True, allow_nan=False) + "\n")
        named = {status["state"]["file"], status["best"]["file"]}
        for path in self.folder.glob("*.safetensors*"):
            if path.name not in named:
                path.unlink()

    def _write(self, kind: str, epoch: int, tensors: Mapping[str, Tensor]) -> Json:
        path = self.folder / f"{kind}-{epoch:05d}.safetensors"
        with replacing(path) as temporary:
            save_file({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}, temporary)
        return {"file": path.name, "epoch": epoch, "sha256": sha256_file(path)}

    def _read(self, entry: Json) -> dict[str, Tensor]:
        path = self.folder / entry["file"]
        found = sha256_file(path) if path.is_file() else "nothing"
        if found != entry["sha256"]:
            raise CorruptArtifact(
                f"{path} has sha256 {found[:12]}, {STATUS} says {entry['sha256'][:12]}: this training cannot go on",
                fix=f"mv {self.folder} {self.folder}.broken",
            )
        return load_file(path)


def _named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _difference(kept: Json, asked: Json) -> str:
    asked = json.loads(json.dumps(asked))
    differing = sorted(key for key in kept.keys() | asked.keys() if kept.get(key) != asked.get(key))
    told = [f"{key} {kept.get(key)!r} there, {asked.get(key)!r} asked" for key in differing]
    return "; ".join(told) or "the same settings for another network or other data"
