"""Run tasks one after the other in this process: tests, debugging, a single worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from augury.core.typing import Json
from augury.runs.executors._protocol import answer


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
        """Yield (index, result) in order."""
        for index, (name, arguments) in enumerate(tasks):
            yield index, answer(name, arguments)


EXECUTOR = Inline
