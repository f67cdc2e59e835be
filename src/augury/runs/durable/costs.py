"""What jobs cost in a month: seconds and bytes of each kind, against the time each was allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.records.loop.jobs import Job
from augury.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Cost:
    """The jobs of one kind that ended in a month.

    Parameters
    ----------
    kind : str
    jobs, failed : int
        How many ended, and how many of them not well.
    seconds : float
        From first start to end, pauses between attempts included; those that never started cost none.
    longest_s : float
        Of one job.
    limit_s : float
        The least time one of them was allowed; 7200 for a training with default settings.
    versions : int
        Versions they made.
    bytes : int or None
        What these take on disk now; None when one of them is no longer there.
    """

    kind: str
    jobs: int
    failed: int
    seconds: float
    longest_s: float
    limit_s: float
    versions: int
    bytes: int | None

    @property
    def within(self) -> bool:
        """True when no job took longer than it was allowed."""
        return self.longest_s <= self.limit_s

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self) | {"within": self.within}


def month_of(text: str) -> tuple[datetime, datetime]:
    """Return the first moment of a month in UTC, and that of the next.

    Raises
    ------
    UsageError
        Not a month.

    Examples
    --------
    >>> [moment.date().isoformat() for moment in month_of("2026-12")]
    ['2026-12-01', '2027-01-01']
    """
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(f"'{text}' is not a month: write it like 2026-11", fix="augury jobs costs --help") from error
    return first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def costs(workspace: Workspace, month: str = "") -> list[Cost]:
    """Sum up the jobs that ended in a month, by kind, the dearest first.

    Parameters
    ----------
    workspace : Workspace
    month : str
        ``YYYY-MM`` in UTC; empty means this month.

    Raises
    ------
    UsageError
        Not a month.
    """
    first, until = month_of(month or f"{workspace.clock.now():%Y-%m}")
    kinds: dict[str, list[Job]] = {}
    for job in workspace.store.jobs.ended_between(first, until):
        kinds.setdefault(job.kind, []).append(job)
    found = [_cost(workspace, kind, jobs) for kind, jobs in kinds.items()]
    return sorted(found, key=lambda cost: (-cost.seconds, cost.kind))


def _cost(workspace: Workspace, kind: str, jobs: Sequence[Job]) -> Cost:
    seconds = [(job.ended_at - job.started_at).total_seconds() for job in jobs if job.ended_at and job.started_at]
    made = [version for job in jobs for version in _versions(job)]
    return Cost(
        kind,
        len(jobs),
        sum(job.state != "succeeded" for job in jobs),
        sum(seconds),
        max(seconds, default=0.0),
        min(float(job.limits["time_limit_s"]) for job in jobs),
        len(made),
        _on_disk(workspace, made),
    )


def _versions(job: Job) -> Iterator[tuple[str, str, str, str]]:
    """The versions a job made: its parts are called like their cells."""
    for part in (job.result or {}).get("parts", []):
        where = str(part["part"]).split()
        if (part.get("artifact_hash") or part.get("kept")) and len(where) == 3:
            yield where[0], where[1], where[2], str(part["version"])


def _on_disk(workspace: Workspace, versions: Iterable[tuple[str, str, str, str]]) -> int | None:
    total = 0
    for version in versions:
        folder = workspace.store.artifacts.place(*version)
        if not folder.is_dir():
            return None
        total += sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return total
