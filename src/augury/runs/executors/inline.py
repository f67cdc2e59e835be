"""Run tasks one after the other in this process: tests, debugging, a single worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from augury.core.errors import AuguryError
from augury.core.typing import Json
from augury.runs.executors._protocol import failure
from augury.runs.jobs import JOBS


class Inline:
    """Executor of one process.

    Parameters
    ----------
    workers : int
        Ignored; present so that executors are exchangeable.
    """

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers

    def run(self, tasks: Sequence[tuple[str, Json]]) -> Iterator[tuple[int, Json]]:
        """Yield (index, result) in order; a named error becomes a result with ``error``."""
        for index, (name, arguments) in enumerate(tasks):
            try:
                yield index, JOBS.load(name)(arguments)
            except AuguryError as error:
                yield index, failure(error)


EXECUTOR = Inline
