"""How far a study is, read from its trials: for a terminal, and as data for a page."""

from __future__ import annotations

import os
import statistics
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from augury.core.typing import Json
from augury.runs.tuning.study import Study, TrialRow

LAST_TRIALS: Final = 5
LAST_LINES: Final = 15


@dataclass(frozen=True, slots=True)
class Process:
    """A process that runs trials now.

    Parameters
    ----------
    pid : int
    cpu_seconds : float or None
        Used so far; None where the system does not tell.
    memory_mib : float or None
    """

    pid: int
    cpu_seconds: float | None
    memory_mib: float | None


@dataclass(frozen=True, slots=True)
class Progress:
    """A study at one moment.

    Parameters
    ----------
    study : str
    objective : str
    total, completed, pruned, failed, running : int
        Trials; those whose process is gone count as failed.
    elapsed_s : float or None
        From the first line of the log to the last.
    eta_s : float or None
        For as many more trials as are ``wanted``, from the median of those that ended and how many run at once.
    best : TrialRow or None
    last : tuple of TrialRow
        The newest five.
    processes : tuple of Process
    lines : tuple of dict
        The newest fifteen of the log.
    """

    study: str
    objective: str
    total: int
    completed: int
    pruned: int
    failed: int
    running: int
    elapsed_s: float | None
    eta_s: float | None
    best: TrialRow | None
    last: tuple[TrialRow, ...]
    processes: tuple[Process, ...]
    lines: tuple[Json, ...]

    def to_json(self) -> Json:
        """Write as a JSON object."""
        said = asdict(self)
        best = self.best and self.best.beside_luck(self.total)
        return said | {"best": best, "last": [row.beside_luck(self.total) for row in self.last]}


def watch(study: Study, wanted: int = 0, *, now: datetime | None = None) -> Progress:
    """Look at a study without changing it.

    Parameters
    ----------
    study : Study
    wanted : int
        Trials it shall have; 0 gives no time of arrival.
    now : datetime, optional
        The moment, for a trial that still runs.
    """
    rows, lines = study.trials(), study.last_lines(LAST_LINES)
    states = [row.state for row in rows]
    done = [row for row in rows if row.state == "COMPLETE"]
    running = [row for row in rows if row.state == "RUNNING"]
    first = study.first_line()
    ended = datetime.fromisoformat(lines[-1]["at"]) if lines else None
    moment = (now or datetime.now(UTC)) if running else ended
    return Progress(
        study=study.spec.name, objective=study.spec.objective, total=len(rows), completed=len(done),
        pruned=states.count("PRUNED"), failed=states.count("FAIL"), running=len(running),
        elapsed_s=(moment - first).total_seconds() if moment and first else None,
        eta_s=_eta(rows, wanted, len(running)),
        best=study.best() if done else None,
        last=tuple(rows[-LAST_TRIALS:]),
        processes=tuple(_process(pid) for pid in sorted({row.pid for row in running if row.pid is not None})),
        lines=tuple(lines),
    )  # fmt: skip


def _eta(rows: list[TrialRow], wanted: int, running: int) -> float | None:
    took = [row.seconds for row in rows if row.seconds is not None and row.state in ("COMPLETE", "PRUNED")]
    left = wanted - sum(row.state != "RUNNING" for row in rows)
    if not took or not wanted:
        return None
    return max(0, left) * statistics.median(took) / max(1, running)


def _process(pid: int) -> Process:
    """Read what the kernel says of a process; nothing where there is no ``/proc``."""
    try:
        used = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return Process(pid, None, None)
    ticks = os.sysconf("SC_CLK_TCK")
    return Process(pid, (int(used[11]) + int(used[12])) / ticks, pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
