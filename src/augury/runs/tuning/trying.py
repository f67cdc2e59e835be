"""One trial: ask, fit, report, tell. Whatever goes wrong ends as FAIL with its message, never as a value."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from augury.core.errors import AuguryError
from augury.core.typing import Json
from augury.proof.holdout import Guard
from augury.runs.tuning import FAMILIES
from augury.runs.tuning.metrics import value_of
from augury.runs.tuning.space import suggested
from augury.runs.tuning.study import Study


class _Pruned(Exception):
    """The median of the other trials is better at this step."""


class _TimedOut(Exception):
    """The trial took longer than its study allows."""


def try_once(folder: Path, lake: str, guard: Guard) -> Json:
    """Run one trial of a study.

    Parameters
    ----------
    folder : Path
        Of the study.
    lake : str
    guard : Guard
        Of the holdout of the data.

    Returns
    -------
    dict
        ``number`` and ``state``.

    Raises
    ------
    AuguryError
        The rows could not be read: that is no trial's fault, so none was begun.
    """
    study = Study.open(folder)
    family = FAMILIES.load(study.spec.family)
    rows = family.rows(study.spec, lake, guard)
    trial = study.ask()
    params = suggested(family.space(), trial)
    study.log(trial=trial.number, event="begun", params=params)
    try:
        with _within(study.spec.trial_seconds):
            metrics = family.score(rows, params, study.spec, _reporting(study, trial))
            value = value_of(study.spec.objective, metrics)
    except _Pruned:
        study.prune(trial)
        return _ended(study, trial.number, "PRUNED")
    except _TimedOut:
        study.fail(trial, f"took longer than {study.spec.trial_seconds:g} s")
        return _ended(study, trial.number, "FAIL")
    except (AuguryError, ArithmeticError, ValueError, RuntimeError, MemoryError) as error:
        study.fail(trial, f"{type(error).__name__}: {error}")
        return _ended(study, trial.number, "FAIL")
    study.tell(trial, value, metrics)
    return _ended(study, trial.number, "COMPLETE")


def _reporting(study: Study, trial: Any) -> Any:
    def report(step: int, value: float) -> None:
        study.log(trial=trial.number, event="step", step=step, value=value if math.isfinite(value) else None)
        trial.report(value, step)
        if trial.should_prune():
            raise _Pruned

    return report


def _ended(study: Study, number: int, state: str) -> Json:
    study.log(trial=number, event="ended", state=state)
    return {"number": number, "state": state}


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Interrupt the work after so many seconds; only the main thread of a process can be interrupted."""
    if not seconds or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise _TimedOut

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
