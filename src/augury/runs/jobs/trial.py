"""One trial of a study, in a worker process."""

from __future__ import annotations

from pathlib import Path

from augury.core.typing import Json
from augury.proof.holdout import Guard
from augury.runs.tuning.trying import try_once


def run(arguments: Json) -> Json:
    """Run one trial.

    Parameters
    ----------
    arguments : dict
        ``study`` (its folder), ``lake``, ``holdout`` (the guard).

    Returns
    -------
    dict
        ``number`` and ``state`` of the trial.
    """
    return try_once(Path(arguments["study"]), arguments["lake"], Guard.from_json(arguments["holdout"]))


JOB = run
