"""Networks of windows: scored on inner forward folds of the windows before the report slice."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augury.core.errors import DataError
from augury.core.hashing import sha256_file
from augury.core.typing import Json
from augury.labels.windows import Windows
from augury.labels.windows.files import read_windows
from augury.labels.windows.folds import forward_folds
from augury.proof.holdout import Guard
from augury.runs.networks.windows import REPORT_BLOCKS
from augury.runs.tuning.family import Report, StudySpec
from augury.runs.tuning.metrics import TrialMetrics
from augury.runs.tuning.space import Space

EARLIEST = 1000
"""Windows a sweep looks at; later ones stay unseen for what is decided next."""


@dataclass(frozen=True)
class WindowRows:
    """Windows of the sweep and the hash of their file."""

    windows: Windows
    version: str


@dataclass(frozen=True)
class WindowFamily:
    """A network of windows.

    Parameters
    ----------
    network : str
    searched : Space
    objective : str
    """

    network: str
    searched: Space
    objective: str = "balanced_accuracy"

    def space(self) -> Space:
        """Return what is searched."""
        return self.searched

    def rows(self, spec: StudySpec, lake: str, guard: Guard) -> WindowRows:
        """Return the earliest windows before the report slice of training."""
        path = Path(spec.data["file"])
        windows = read_windows(path)
        if windows.frame["label"].null_count():
            raise DataError(f"{windows.frame['label'].null_count()} windows of {path} have no label")
        train, _ = forward_folds(windows, REPORT_BLOCKS - 1)[-1]
        order = np.argsort(windows.frame["end_ts"].to_physical().to_numpy()[train], kind="stable")
        chosen = windows.take(np.sort(train[order[:EARLIEST]]))
        guard.allow("tuning", chosen.frame.rename({"end_ts": "ts"}))
        return WindowRows(chosen, sha256_file(path))

    def dataset(self, spec: StudySpec, rows: WindowRows) -> tuple[str, str, int]:
        """Name the file as training does."""
        return f"windows/{Path(spec.data['file']).name}", rows.version, 1

    def score(self, rows: WindowRows, params: Json, spec: StudySpec, report: Report) -> TrialMetrics:
        """Train on each inner fold's past; every epoch is reported, the fold's block is answered once."""
        from augury.models.deep.network import parameter_count
        from augury.models.deep.windows.classifier import WindowClassifier
        from augury.runs.tuning.model_families._epochs import TellEpochs

        classes = sorted(set(rows.windows.frame["label"].to_list()))
        hits, seconds, answered, parameters = [], 0.0, 0, 0
        for fold, (past, test) in enumerate(forward_folds(rows.windows, spec.folds)):
            model = WindowClassifier(
                self.network, max_epochs=spec.epochs, random_state=spec.seed, **(spec.fixed | _grouped(params))
            )
            tell = TellEpochs(report, "balanced_accuracy", fold * spec.epochs)
            model.fit(rows.windows.take(past), hooks=[tell])
            begun = time.perf_counter()
            said = model.predict(rows.windows.prices[test])
            seconds, answered = seconds + time.perf_counter() - begun, answered + len(test)
            given = rows.windows.frame["label"].gather(test).to_list()
            hits += [(classes.index(label), label == str(one)) for label, one in zip(given, said, strict=True)]
            parameters = parameter_count(model.network_)
        code, hit = np.array([one for one, _ in hits]), np.array([one for _, one in hits], dtype=np.float64)
        recalls = [float(hit[code == one].mean()) for one in np.unique(code)]
        return TrialMetrics(
            n=answered, accuracy=float(hit.mean()), balanced_accuracy=float(np.mean(recalls)), parameters=parameters,
            seconds_per_row=seconds / answered,
        )  # fmt: skip


def _grouped(params: Json) -> Json:
    """Settings of the network itself, ``network.layers`` …, put together."""
    own = {name: value for name, value in params.items() if "." not in name}
    inner = {name.partition(".")[2]: value for name, value in params.items() if name.startswith("network.")}
    return own | ({"network_settings": inner} if inner else {})
