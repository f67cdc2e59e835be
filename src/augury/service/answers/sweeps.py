"""Sweeps: how far each study is, from its own trials; also one that runs in another process."""

from __future__ import annotations

import re
from typing import Any, Final

from augury.core.errors import NotFound
from augury.runs.tuning.monitor import watch
from augury.runs.tuning.running import studies_folder
from augury.runs.tuning.study import Study, studies
from augury.service.backend import Backend
from augury.service.strict import Answer

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


class SweepLine(Answer):
    """A study in a list; ``best`` is its best trial beside what luck alone reaches among so many."""

    study: str
    objective: str
    total: int
    completed: int
    pruned: int
    failed: int
    running: int
    best: dict[str, Any] | None


class SweepAnswer(SweepLine):
    """A study at this moment: the newest trials, who runs them, and the newest lines of its log."""

    elapsed_s: float | None
    eta_s: float | None
    last: list[dict[str, Any]]
    processes: list[dict[str, Any]]
    lines: list[dict[str, Any]]


class SweepPage(Answer):
    """The studies, by name."""

    sweeps: list[SweepLine]


def sweeps(backend: Backend) -> SweepPage:
    """Return the studies of the installation."""
    found = [watch(Study.open(folder)).to_json() for folder in studies(studies_folder(backend.workspace))]
    return SweepPage(sweeps=[SweepLine(**{name: said[name] for name in SweepLine.model_fields}) for said in found])


def sweep(backend: Backend, name: str, trials: int = 0) -> SweepAnswer:
    """Return one study; ``trials`` it shall have give the time that is left.

    Raises
    ------
    NotFound
    """
    if not _NAME.fullmatch(name):
        raise NotFound("no such study", fix="augury hpo list")
    try:
        opened = Study.open(studies_folder(backend.workspace) / name)
    except NotFound:
        raise NotFound("no such study", fix="augury hpo list") from None
    said = watch(opened, trials, now=backend.workspace.clock.now()).to_json()
    return SweepAnswer(**{field: said[field] for field in SweepAnswer.model_fields})
