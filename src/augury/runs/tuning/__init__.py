"""Tuning: settings are searched on inner folds, every trial is counted, and a sweep that was cut off goes on.

    spec  = StudySpec(name="spy", family="lgbm", ...)       # what is searched, on which data
    study = Study.open(folder, spec)                        # a folder with a database of trials
    run(study, workspace, workers=2)                        # trials on the executor, each pruned in time
    study.best()                                            # best_params.json says the same

``model_families/<name>.py`` defines ``FAMILY``: the space of one kind of model, and how a choice is scored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from augury.core.catalog import Catalog

if TYPE_CHECKING:
    from augury.runs.tuning.family import Family

FAMILIES: Final[Catalog[Family]] = Catalog("model family", ("augury.runs.tuning.model_families",), "FAMILY")

__all__ = ["FAMILIES"]
