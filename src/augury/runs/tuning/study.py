"""A study: a folder that holds its spec, its trials and what came out of them.

study.json          what is searched (never changes)
trials.db           every trial, also of a sweep that was killed
log.jsonl           one line a step
best_params.json    {value, number, params, study, data_version, settings_hash}
all_trials.json     [{number, params, value, state, seconds}]; a failed trial has null, never 0
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy.pool import NullPool

from augury.core.atomic import make_folder, write_text
from augury.core.errors import CorruptArtifact, NotFound, UsageError
from augury.core.extras import require
from augury.core.seeds import derive
from augury.core.typing import Json
from augury.proof.selection import deflate
from augury.runs.tuning.family import StudySpec
from augury.runs.tuning.metrics import TrialMetrics

SPEC, LOG, BEST, ALL = "study.json", "log.jsonl", "best_params.json", "all_trials.json"
START_UP_TRIALS: Final = 5
"""Trials drawn at random before the sampler learns, and before the median prunes."""
ENDED: Final = ("COMPLETE", "PRUNED", "FAIL")
ABANDONED: Final = "abandoned"
"""How the message of a trial begins whose process is gone: it is asked for again and does not count."""


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial, as it stands now.

    Parameters
    ----------
    number : int
    state : str
        ``COMPLETE``, ``PRUNED``, ``FAIL`` or ``RUNNING``.
    params : dict
    value : float or None
        None of a trial that failed or runs; the last reported one of a trial that was pruned.
    seconds : float or None
    message : str
        Why it failed.
    metrics : TrialMetrics or None
    pid : int or None
        Of the process that runs or ran it.
    """

    number: int
    state: str
    params: Json
    value: float | None
    seconds: float | None
    message: str
    metrics: TrialMetrics | None
    pid: int | None

    def dsr(self, trials: int) -> float | None:
        """Return the chance that its RankIC is more than the best of so many trials by luck; None without one."""
        series = self.metrics.series if self.metrics else ()
        if not series or self.metrics is None or self.metrics.rank_ic is None:
            return None
        horizon = self.metrics.horizon_bars
        values = np.asarray(series, dtype=np.float64)
        return deflate(values, trials=max(1, trials), metric="rank_ic", horizon_bars=horizon).dsr

    def beside_luck(self, trials: int) -> Json:
        """Write it with its ``dsr``: a RankIC is not shown alone."""
        return self.to_json() | {"dsr": self.dsr(trials)}

    def to_json(self) -> Json:
        """Write what ``all_trials.json`` holds."""
        said = {"number": self.number, "params": self.params, "value": self.value, "state": self.state}
        return said | {"seconds": self.seconds} | ({"message": self.message} if self.message else {})


class Study:
    """Trials of one spec; several processes may work on it at once.

    Parameters
    ----------
    folder : Path
    spec : StudySpec
    """

    def __init__(self, folder: Path, spec: StudySpec) -> None:
        self.folder, self.spec = folder, spec
        self._optuna = require("optuna", extra="tune")
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        self._study = self._open()

    @classmethod
    def create(cls, root: Path, spec: StudySpec) -> Study:
        """Begin a study, or go on with the one of the same name and spec.

        Raises
        ------
        UsageError
            A study of that name searches something else.
        """
        folder = root / spec.name
        if (folder / SPEC).is_file():
            found = cls.read_spec(folder)
            if found.hash != spec.hash:
                changed = [key for key, value in spec.to_json().items() if found.to_json()[key] != value]
                raise UsageError(
                    f"study '{spec.name}' exists and differs in {', '.join(changed)}: what is searched never changes",
                    fix=f"augury hpo resume {spec.name}",
                )
        else:
            make_folder(folder)
            write_text(folder / SPEC, json.dumps(spec.to_json(), indent=1, sort_keys=True) + "\n")
        return cls(folder, spec)

    @classmethod
    def open(cls, folder: Path) -> Study:
        """Open a study that exists.

        Raises
        ------
        NotFound
            The folder holds none.
        """
        return cls(folder, cls.read_spec(folder))

    @staticmethod
    def read_spec(folder: Path) -> StudySpec:
        """Read what a study searches."""
        if not (folder / SPEC).is_file():
            raise NotFound(f"no study in {folder}", fix="augury hpo list")
        return StudySpec.from_json(json.loads((folder / SPEC).read_text()))

    def _open(self) -> Any:
        optuna = self._optuna
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            storage = optuna.storages.RDBStorage(
                f"sqlite:///{self.folder.resolve() / 'trials.db'}",
                engine_kwargs={"connect_args": {"timeout": 60}, "poolclass": NullPool},
            )
            return optuna.create_study(
                storage=storage, study_name=self.spec.name, direction="maximize", load_if_exists=True,
                pruner=optuna.pruners.MedianPruner(n_startup_trials=START_UP_TRIALS, n_warmup_steps=self._warm_up()),
            )  # fmt: skip

    def _warm_up(self) -> int:
        """Steps no trial is pruned in: five epochs, or one fold."""
        return 5 if self.spec.epochs > 5 else 1

    def ask(self) -> Any:
        """Begin a trial.

        The sampler is seeded by the number of the trial among those that count, not by the process: a sweep
        that was killed asks for the same settings again when it goes on.
        """
        trial = self._study.ask()
        trial.set_user_attr("pid", os.getpid())
        abandoned = sum(row.message.startswith(ABANDONED) for row in self.trials() if row.number < trial.number)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            self._study.sampler = self._optuna.samplers.TPESampler(
                seed=derive(self.spec.seed, "tuning", self.spec.name, str(trial.number - abandoned)),
                n_startup_trials=START_UP_TRIALS,
            )
        return trial

    def tell(self, trial: Any, value: float, metrics: TrialMetrics) -> None:
        """End a trial that was measured."""
        trial.set_user_attr("metrics", metrics.to_json())
        self._study.tell(trial, value)

    def prune(self, trial: Any) -> None:
        """End a trial that the median of the others had left behind."""
        self._study.tell(trial, state=self._optuna.trial.TrialState.PRUNED)

    def fail(self, trial: Any, message: str) -> None:
        """End a trial that gave nothing; its value is null."""
        trial.set_user_attr("message", message)
        self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)

    def abandon_dead(self) -> int:
        """End the trials whose process is gone, so that their settings are asked for again; count them."""
        states = self._optuna.trial.TrialState
        found = [
            t
            for t in self._study.get_trials(deepcopy=False, states=(states.RUNNING,))
            if not _alive(t.user_attrs.get("pid"))
        ]
        for frozen in found:
            self._study._storage.set_trial_user_attr(frozen._trial_id, "message", f"{ABANDONED}: its process is gone")
            self._study._storage.set_trial_state_values(frozen._trial_id, states.FAIL)
        return len(found)

    def trials(self) -> list[TrialRow]:
        """Return every trial in the order of their numbers."""
        return [_row(trial) for trial in self._study.get_trials(deepcopy=False)]

    def best(self) -> TrialRow:
        """Return the trial of the highest value.

        Raises
        ------
        NotFound
            No trial was completed.
        """
        done = [row for row in self.trials() if row.state == "COMPLETE" and row.value is not None]
        if not done:
            raise NotFound(
                f"no trial of study '{self.spec.name}' was completed", fix=f"augury hpo resume {self.spec.name}"
            )
        return max(done, key=lambda row: (row.value, -row.number))

    def write_outputs(self, data_version: str) -> None:
        """Write ``all_trials.json``, and ``best_params.json`` when a trial was completed."""
        rows = self.trials()
        write_text(self.folder / ALL, json.dumps([row.to_json() for row in rows], indent=1) + "\n")
        if any(row.state == "COMPLETE" for row in rows):
            best = self.best()
            said = {"value": best.value, "number": best.number, "params": best.params, "study": self.spec.name,
                    "data_version": data_version, "settings_hash": self.spec.hash}  # fmt: skip
            write_text(self.folder / BEST, json.dumps(said, indent=1) + "\n")

    def check_outputs(self) -> Json:
        """Return ``best_params.json`` when it is what the trials say.

        Raises
        ------
        NotFound
            Nothing was written yet.
        CorruptArtifact
            It names another trial, value or settings.
        """
        path = self.folder / BEST
        if not path.is_file():
            raise NotFound(f"study '{self.spec.name}' has no {BEST} yet", fix=f"augury hpo resume {self.spec.name}")
        said: Json = json.loads(path.read_text())
        best = self.best()
        if (said["number"], said["value"], said["params"]) != (best.number, best.value, best.params):
            raise CorruptArtifact(
                f"{path} names trial {said['number']} with {said['value']}, the best of the trials is {best.number} "
                f"with {best.value}"
            )
        if said["settings_hash"] != self.spec.hash:
            raise CorruptArtifact(f"{path} was written for other settings than {self.folder / SPEC}")
        return said

    def log(self, **said: Any) -> None:
        """Append one line to the log of the study, whole even beside other writers."""
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **said}) + "\n"
        handle = os.open(self.folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def first_line(self) -> datetime | None:
        """Return when the log begins."""
        path = self.folder / LOG
        if not path.is_file():
            return None
        with path.open() as stream:
            return datetime.fromisoformat(json.loads(stream.readline())["at"])

    def last_lines(self, count: int) -> list[Json]:
        """Return the last lines of the log."""
        path = self.folder / LOG
        lines = path.read_text().splitlines()[-count:] if path.is_file() else []
        return [json.loads(line) for line in lines]


def studies(root: Path) -> Iterator[Path]:
    """Yield the folders of all studies, by name."""
    yield from sorted(path.parent for path in root.glob(f"*/{SPEC}"))


def _row(trial: Any) -> TrialRow:
    attributes = trial.user_attrs
    state, value = trial.state.name, trial.value if trial.state.name == "COMPLETE" else None
    if state == "PRUNED" and trial.intermediate_values:
        value = trial.intermediate_values[max(trial.intermediate_values)]
    metrics = attributes.get("metrics")
    return TrialRow(
        number=trial.number, state=state, params=dict(trial.params), value=value,
        seconds=trial.duration.total_seconds() if trial.duration else None,
        message=attributes.get("message", ""), metrics=TrialMetrics.from_json(metrics) if metrics else None,
        pid=attributes.get("pid"),
    )  # fmt: skip


def _alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def counted(rows: Sequence[TrialRow]) -> int:
    """Count the trials that ended by themselves; an abandoned one is run again and does not count."""
    return sum(row.state in ENDED and not row.message.startswith(ABANDONED) for row in rows)
