"""Pickled models of older days: converted once, in a process that is thrown away, into files that cannot run code."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from augury.core.atomic import publish_folder, storage_errors
from augury.core.errors import CorruptArtifact, DataError, NotFound, UsageError
from augury.core.hashing import canonical_json, sha256_file
from augury.core.typing import Floats, Json
from augury.runs.workspace import Workspace

FACTS: Final = "legacy.json"
SECONDS_MAX: Final = 120
_MEMORY_MAX: Final = 4 << 30
_FILE_MAX: Final = 2 << 30
_SERVING: Final = ("augury.service", "augury.runs.durable.worker")
"""Modules whose presence says that this process serves people or runs jobs."""


@dataclass(frozen=True)
class ModelPaths:
    """Where the files of models lie; the one layout.

    Parameters
    ----------
    data_dir : Path

    Examples
    --------
    >>> ModelPaths(Path("data")).legacy("ab" * 32).as_posix()
    'data/legacy/abababababab'
    """

    data_dir: Path

    @property
    def artifacts(self) -> Path:
        """Folder of the versions, ``<symbol>/<timeframe>/<horizon>/<version>`` inside."""
        return self.data_dir / "artifacts"

    def legacy(self, sha256: str) -> Path:
        """Folder of a converted model, by the hash of the file it was converted from."""
        return self.data_dir / "legacy" / sha256[:12]


@dataclass(frozen=True)
class LegacyModel:
    """A converted classifier, walked as arrays.

    It is no version: what it was trained on is not known, so it is compared with, never served.

    Parameters
    ----------
    facts : dict
        ``kind``, ``class``, ``classes``, ``n_features``, ``features``.
    arrays : dict
    """

    facts: Json
    arrays: dict[str, NDArray[Any]]

    @cached_property
    def classes(self) -> list[Any]:
        """Its classes, in the order of the columns of :meth:`predict_proba`."""
        return list(self.facts["classes"])

    def predict_proba(self, X: NDArray[Any]) -> Floats:
        """Return class probabilities, ``(n, classes)``, as the original gave them.

        Raises
        ------
        DataError
            Another number of features.
        """
        if X.ndim != 2 or X.shape[1] != self.facts["n_features"]:
            raise DataError(f"rows of shape {X.shape}, the model was fitted on {self.facts['n_features']} features")
        if self.facts["kind"] == "logistic":
            return _shares(X.astype(np.float64) @ self.arrays["coef"].T + self.arrays["intercept"])
        values = self._leaves(np.asarray(X, np.float32))
        if self.facts["kind"] == "forest":
            mean: Floats = values.mean(axis=1)
            return mean
        start = self.arrays["start"]
        stages = values[:, :, 0].reshape(len(X), -1, len(start))
        return _shares(start + stages.sum(axis=1))

    def _leaves(self, X: NDArray[np.float32]) -> Floats:
        """Value of the leaf each row ends in, ``(n, trees, outputs)``."""
        node = np.tile(self.arrays["roots"], (len(X), 1))
        rows = np.arange(len(X))[:, None]
        for _ in range(int(self.arrays["depth"][0])):
            left = X[rows, self.arrays["feature"][node]] <= self.arrays["threshold"][node]
            node = np.where(left, self.arrays["left"][node], self.arrays["right"][node])
        values: Floats = self.arrays["value"][node]
        return values


def import_legacy(workspace: Workspace, source: Path) -> tuple[Path, dict[str, LegacyModel]]:
    """Convert a pickled model, or a dict of them, and return where it lies and what it became.

    Parameters
    ----------
    workspace : Workspace
    source : Path
        ``.pkl`` or ``.joblib`` of scikit-learn forests, decision trees, gradient boosting or logistic regression.

    Raises
    ------
    UsageError
        In a process that serves people or runs jobs.
    NotFound
        No such file.
    CorruptArtifact
        The process that read it failed, ran too long, or the model has no safe form.
    """
    refuse_in_service()
    if not source.is_file():
        raise NotFound(f"no file {source}")
    digest = sha256_file(source)
    final = ModelPaths(workspace.settings.data_dir).legacy(digest)
    if final.is_dir():
        return final, read_legacy(final)
    with storage_errors(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".staged-", dir=final.parent))
    models = _convert(source.resolve(), staged)
    files = {f"{name}.safetensors": sha256_file(staged / f"{name}.safetensors") for name in models}
    record = {"format": 1, "source": source.name, "source_sha256": digest, "models": models, "files": files}
    (staged / FACTS).write_text(canonical_json(record) + "\n", encoding="utf-8")
    publish_folder(staged, final)
    kinds = ", ".join(f"{name} ({one['class']})" for name, one in models.items())
    told = f"{source.name} was converted: {kinds}"
    workspace.store.journal.add("legacy", source.name, "info", told, record)
    return final, read_legacy(final)


def read_legacy(folder: Path) -> dict[str, LegacyModel]:
    """Read what was converted; every byte is checked.

    Raises
    ------
    CorruptArtifact
        A file is missing or was changed.
    """
    from safetensors.numpy import load_file

    try:
        record = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        for name, digest in record["files"].items():
            if sha256_file(folder / name) != digest:
                raise CorruptArtifact(f"{folder.name}: {name} was changed since it was converted")
        return {name: LegacyModel(facts, load_file(folder / f"{name}.safetensors"))
                for name, facts in record["models"].items()}  # fmt: skip
    except (OSError, KeyError, ValueError) as error:
        raise CorruptArtifact(f"{folder.name}: {type(error).__name__}: {error}") from error


def refuse_in_service() -> None:
    """Refuse to convert in a process that serves people or runs jobs: a pickle is a program."""
    if serving := [name for name in _SERVING if name in sys.modules]:
        raise UsageError(
            f"a pickled model is not converted inside {serving[0]} (rule: only by hand, in a process of its own)",
            fix="augury models import-legacy FILE.pkl",
        )


def _convert(source: Path, out: Path) -> dict[str, Json]:
    """Run the child with an empty environment, in its own folder, under limits."""
    child = Path(__file__).with_name("legacy_child.py")
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(child), str(source), str(out)],
            env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}, cwd=out, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=SECONDS_MAX, preexec_fn=_limit, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise CorruptArtifact(f"{source.name}: reading it took more than {SECONDS_MAX} s") from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit {done.returncode}"]
        raise CorruptArtifact(f"{source.name} cannot be converted: {lines[-1]}")
    models: dict[str, Json] = json.loads(done.stdout)
    return models


def _limit() -> None:
    os.umask(0o077)
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY_MAX), (resource.RLIMIT_CPU, SECONDS_MAX), (resource.RLIMIT_FSIZE, _FILE_MAX),
        (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        resource.setrlimit(what, (most, most))


def _shares(raw: Floats) -> Floats:
    """Softmax over the columns; a single column is the log-odds of the second class."""
    if raw.shape[1] == 1:
        up = 1 / (1 + np.exp(-raw[:, 0]))
        return np.column_stack([1 - up, up])
    power = np.exp(raw - raw.max(axis=1, keepdims=True))
    shares: Floats = power / power.sum(axis=1, keepdims=True)
    return shares
