"""MLflow, into a SQLite file beside the results; point ``MLFLOW_TRACKING_URI`` elsewhere for a server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from augury.core.extras import require
from augury.core.hashing import canonical_json
from augury.core.typing import Json

FIELD_MAX = 6000
"""MLflow refuses longer values of parameters."""


class MlflowSink:
    """A run of MLflow."""

    def __init__(self, folder: Path, experiment_id: str, phase: str, config: Json) -> None:
        client = require("mlflow.tracking", extra="track").MlflowClient
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(folder / 'mlflow.db').resolve()}"
        self._client = client(uri)
        known = self._client.get_experiment_by_name(phase)
        group = (
            known.experiment_id if known else self._client.create_experiment(phase, str((folder / "mlflow").resolve()))
        )
        self._run = self._client.create_run(group, run_name=experiment_id).info.run_id
        for key, value in config.items():
            said = value if isinstance(value, str) else canonical_json(value)
            self._client.log_param(self._run, key, said[:FIELD_MAX])

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Tell the metrics of a step."""
        for key, value in metrics.items():
            self._client.log_metric(self._run, key, value, step=step)

    def artifact(self, path: Path) -> None:
        """Copy a file to the run."""
        self._client.log_artifact(self._run, str(path))

    def finish(self, metrics: Mapping[str, float | None], failed: bool) -> None:
        """End the run."""
        self.log({key: value for key, value in metrics.items() if value is not None}, step=0)
        self._client.set_terminated(self._run, "FAILED" if failed else "FINISHED")


SINK = MlflowSink
