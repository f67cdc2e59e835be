"""Weights & Biases, offline unless ``WANDB_MODE`` says otherwise: ``wandb sync`` sends the folder later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from augury.core.extras import require
from augury.core.typing import Json


class WandbSink:
    """A run of Weights & Biases."""

    def __init__(self, folder: Path, experiment_id: str, phase: str, config: Json) -> None:
        wandb = require("wandb", extra="track")
        mode = os.environ.get("WANDB_MODE", "offline")
        folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            dir=str(folder), id=experiment_id, name=experiment_id, group=phase, config=config,
            mode=mode, project="augury",
            settings=wandb.Settings(silent=True, console="off", x_disable_stats=True, disable_git=True),
        )  # fmt: skip

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Tell the metrics of a step."""
        self._run.log(dict(metrics), step=step)

    def artifact(self, path: Path) -> None:
        """Copy a file to the run."""
        self._run.save(str(path), base_path=str(path.parent), policy="now")

    def finish(self, metrics: Mapping[str, float | None], failed: bool) -> None:
        """End the run."""
        self._run.summary.update(dict(metrics))
        self._run.finish(exit_code=int(failed))


SINK = WandbSink
