"""Firings: due times of the schedule that were acted on, each by one scheduler only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, func, insert, select, update

from augury.core.clock import Clock
from augury.core.typing import Json
from augury.records.database import reading, transaction
from augury.records.loop.tables import firings as table


@dataclass(frozen=True, slots=True)
class Firing:
    """One due time that was acted on.

    Parameters
    ----------
    id : int
    entry : str
    due_at, fired_at : datetime
    job_id : str or None
        None until the job was submitted.
    missed : tuple of str
        Earlier due times this one stands for, as text.
    settings : dict
        Of the job.
    """

    id: int
    entry: str
    due_at: datetime
    fired_at: datetime
    job_id: str | None
    missed: tuple[str, ...]
    settings: Json


@dataclass(frozen=True)
class Firings:
    """The firings of a store.

    Parameters
    ----------
    engine : Engine
    clock : Clock
        Says when something was fired.

    Examples
    --------
    >>> import tempfile
    >>> from datetime import UTC
    >>> from pathlib import Path
    >>> from augury.records.store import Store
    >>> noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    >>> with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
    ...     first = store.firings.fire("drift", lambda last: [] if last else [noon], {})
    ...     second = store.firings.fire("drift", lambda last: [] if last else [noon], {})
    ...     first.due_at == noon, second
    (True, None)
    """

    engine: Engine
    clock: Clock

    def fire(self, entry: str, due: Callable[[datetime | None], Sequence[datetime]], settings: Json) -> Firing | None:
        """Act on what is due, as the only writer; None when nothing is.

        Several due times become one firing at the last of them, the earlier ones listed as missed.
        Two schedulers never fire the same: the second one sees what the first one wrote.

        Parameters
        ----------
        entry : str
        due : callable
            Given the last due time that was acted on (None: never), returns those that are due now.
        settings : dict
            Kept with the firing, so that a job whose submission was interrupted is the same one later.
        """
        with transaction(self.engine) as connection:
            last = connection.execute(select(func.max(table.c.due_at)).where(table.c.entry == entry)).scalar_one()
            moments = sorted(due(last))
            if not moments:
                return None
            row = {
                "entry": entry, "due_at": moments[-1], "fired_at": self.clock.now(),
                "missed_json": {"missed": moments[:-1], "settings": settings},
            }  # fmt: skip
            added = connection.execute(insert(table).values(**row).returning(table.c.id)).scalar_one()
            return _firing(connection.execute(select(table).where(table.c.id == added)).one())

    def submitted(self, firing_id: int, job_id: str) -> None:
        """Note the job that a firing became."""
        with transaction(self.engine) as connection:
            connection.execute(update(table).where(table.c.id == firing_id).values(job_id=job_id))

    def unsubmitted(self) -> Sequence[Firing]:
        """Return firings that no job came of yet, the oldest first: their scheduler was interrupted."""
        with reading(self.engine) as connection:
            found = connection.execute(select(table).where(table.c.job_id.is_(None)).order_by(table.c.id)).all()
        return [_firing(row) for row in found]

    def list(self, entry: str | None = None, limit: int = 100) -> Sequence[Firing]:
        """Return at most ``limit`` firings, the last one first."""
        wanted = select(table) if entry is None else select(table).where(table.c.entry == entry)
        with reading(self.engine) as connection:
            return [_firing(row) for row in connection.execute(wanted.order_by(table.c.id.desc()).limit(limit))]


def _firing(row: Row[Any]) -> Firing:
    kept = row.missed_json
    return Firing(row.id, row.entry, row.due_at, row.fired_at, row.job_id, tuple(kept["missed"]), kept["settings"])
