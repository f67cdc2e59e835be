"""Progress of long work: a bar with ETA on a terminal, one line an event elsewhere."""

from __future__ import annotations

import sys
from typing import Any, Self

from augury.cli.session import SESSION


class Progress:
    """Count steps on stderr.

    Parameters
    ----------
    what : str
        The verb, e.g. ``train``.
    total : int
        Steps to come.
    """

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not SESSION.quiet:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Bar(*columns, console=Console(stderr=True, no_color=SESSION.no_color), transient=True)
            self._task = self._bar.add_task(self.what, total=self.total)
            self._bar.start()
        return self

    def step(self, message: str) -> None:
        """Count one step and say how it ended."""
        self.done += 1
        if self._bar is not None:
            self._bar.console.print(message, highlight=False, markup=False)
            self._bar.advance(self._task)
        else:
            SESSION.say(f"{self.what} {self.done}/{self.total} {message}")

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
