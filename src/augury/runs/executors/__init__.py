"""Executors: where tasks run. One file, one way; arguments and results are JSON objects, never pickles."""

from __future__ import annotations

from collections.abc import Callable

from augury.core.catalog import Catalog
from augury.core.protocols import Executor
from augury.core.settings import Settings

EXECUTORS: Catalog[Callable[[int], Executor]] = Catalog("executor", ("augury.runs.executors",), "EXECUTOR")


def executor_named(name: str, workers: int, settings: Settings) -> Executor:
    """Make an executor of the catalogue; one that runs elsewhere learns from the settings where.

    Parameters
    ----------
    name : str
        ``pool``, ``ray`` …
    workers : int
        Processes, >= 1.
    settings : Settings

    Raises
    ------
    UnknownName
        No such executor.
    MissingExtra
        Its package is not installed.

    Examples
    --------
    >>> executor_named("inline", 1, Settings()).workers
    1
    """
    kind = EXECUTORS.load(name)
    of: Callable[[int, Settings], Executor] | None = getattr(kind, "of", None)
    return kind(workers) if of is None else of(workers, settings)
