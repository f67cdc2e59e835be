"""The shortest way to settings for the window network: twenty trials over three of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from augury.core.settings import Settings
from augury.core.typing import Json
from augury.runs.tuning.family import StudySpec
from augury.runs.tuning.running import run, studies_folder
from augury.runs.tuning.study import Study
from augury.runs.workspace import Workspace


def quick_optimization(
    data: Path | str, *, trials: int = 20, epochs: int = 10, folds: int = 2, workers: int | None = None, **settings: Any
) -> Json:
    """Search hidden size, learning rate and dropout of ``simple_lstm`` on the earliest 1,000 windows of a file.

    Parameters
    ----------
    data : Path
        A window file with labels.
    trials, epochs, folds : int
        Of the study. Called again, it goes on with the study of the same file and numbers.
    workers : int, optional
        Processes; default the cores.
    **settings
        Of :class:`augury.core.settings.Settings`, e.g. ``data_dir``.

    Returns
    -------
    dict
        What ``best_params.json`` holds: ``value`` (balanced accuracy out of fold), ``params``, ``number`` …
    """
    path = Path(data).resolve()
    spec = StudySpec(
        f"quick-{path.stem}-{epochs}x{folds}", "simple_lstm", {"file": str(path)}, objective="balanced_accuracy",
        epochs=epochs, folds=folds,
    )  # fmt: skip
    with Workspace.open(Settings.load(settings)) as workspace:
        study = Study.create(studies_folder(workspace), spec)
        run(study, workspace, trials, workers=workers)
    return study.check_outputs()
