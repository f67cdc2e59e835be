"""What a kind of job is: a plan, and for each part of it something made and something written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from augury.core.errors import UsageError
from augury.core.suggestion import did_you_mean
from augury.core.typing import Json
from augury.records.loop.jobs import Job
from augury.runs.workspace import Workspace

HEAVY: Final = "heavy"
"""Queue of jobs that take all cores: one of them at a time in a worker."""
LIGHT: Final = "light"
QUEUES: Final = {HEAVY: 1, LIGHT: 2}
"""Queue to how many of its jobs a worker runs at once."""


@dataclass(frozen=True)
class Bench:
    """What a step of a job works with.

    Parameters
    ----------
    workspace : Workspace
        Its clock stands at the moment the job was planned: that moment is recorded once, so that a
        step that is done again after a kill says the same as the first time.
    job : Job
    moment : datetime
    say : callable
        Adds a line to the job's log.
    check : callable
        Raises when the job was cancelled or has run out of time; long work calls it now and then.
    follow : callable
        Asks for a job after this one, given its kind and settings; asked again, it is the same job.
    """

    workspace: Workspace
    job: Job
    moment: datetime
    say: Callable[[str], None]
    check: Callable[[], None]
    follow: Callable[[str, Json], Job]

    @property
    def folder(self) -> Path:
        """A folder of the job's own on the disk of the artifacts; gone when the job has ended."""
        return job_folder(self.workspace, self.job.id)


def job_folder(workspace: Workspace, job_id: str) -> Path:
    """Where a job keeps what it has made and not yet written."""
    return workspace.settings.data_dir / "jobs" / job_id


def _nothing_more(bench: Bench, results: Sequence[Json]) -> Json:
    return {}


@dataclass(frozen=True)
class Kind:
    """One kind of job.

    The steps are: the plan; each part *made* (repeatable: nothing outside the job's folder changes);
    what was made *written* (done twice with the same arguments, it writes once); the end. Each
    is recorded when it is done and never done again, whoever is killed when.

    Parameters
    ----------
    title : str
        One line for people.
    plan : callable
        From the bench to the parts, JSON objects; an ``error`` in one is that part's result.
    make : callable, optional
        One part to what came of it, in the worker.
    task : callable, optional
        Instead of ``make``: one part to (job of ``runs.jobs``, arguments) for an executor.
    write : callable, optional
        Part and what was made of it to what the result shall say.
    notes_failures : bool
        ``write`` is called for parts that failed, too.
    finish : callable
        All results to what the job's result says besides.
    settings : mapping
        Name to default; others are refused.
    queue : str
    time_limit_s : float
        Counted from its first start.
    attempts : int
        Of one step: after temporary errors, and after deaths of the worker.
    """

    title: str
    plan: Callable[[Bench], Sequence[Json]]
    make: Callable[[Bench, Json], Json] | None = None
    task: Callable[[Bench, Json], tuple[str, Json]] | None = None
    write: Callable[[Bench, Json, Json], Json] | None = None
    notes_failures: bool = False
    finish: Callable[[Bench, Sequence[Json]], Json] = _nothing_more
    settings: Mapping[str, object] = field(default_factory=dict)
    queue: str = LIGHT
    time_limit_s: float = 7200.0
    attempts: int = 5

    def __post_init__(self) -> None:
        if (self.make is None) == (self.task is None):
            raise UsageError(f"the kind of job '{self.title}' has either make or task, one of them")

    def complete(self, settings: Mapping[str, object]) -> Json:
        """Fill in defaults.

        Raises
        ------
        UsageError
            A setting this kind does not have.
        """
        for name in settings:
            if name not in self.settings:
                hint = did_you_mean(name, self.settings) or f" (known: {', '.join(self.settings) or 'none'})"
                raise UsageError(f"unknown setting '{name}'{hint}", fix="augury jobs kinds")
        return {**self.settings, **settings}


class Stopped(BaseException):
    """The job was cancelled, handed back or ran out of time: no outcome of its work.

    Not an ``Exception``, like ``KeyboardInterrupt``: neither a step nor the engine may take it for a
    result and record it.
    """
