"""The journal: what the loop did and why, in order, never rewritten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, insert, select

from augury.core.clock import Clock
from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.records.database import reading, transaction
from augury.records.loop.tables import journal as table

LEVELS: Final = ("info", "warning", "error", "critical")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal.

    Parameters
    ----------
    id : int
        Grows with every entry.
    at : datetime
        By the store's clock.
    kind : str
        What happened, one word: ``promotion``, ``rollback``, ``drift``, ``retrain`` …
    subject : str
        What it happened to, e.g. ``SPY d1 5d``.
    level : str
        One of ``LEVELS``.
    text : str
        One sentence for people.
    data : dict
        The same for programs: ids, versions, measured values.
    """

    id: int
    at: datetime
    kind: str
    subject: str
    level: str
    text: str
    data: Json


@dataclass(frozen=True)
class Journal:
    """The journal of a store. There is no way to change or remove an entry.

    Parameters
    ----------
    engine : Engine
    clock : Clock

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from augury.records.store import Store
    >>> with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
    ...     _ = store.journal.add("drift", "SPY d1", "warning", "accuracy fell by 16 points", {"margin": -0.16})
    ...     [(entry.id, entry.kind, entry.data) for entry in store.journal.list(subject="SPY d1")]
    [(1, 'drift', {'margin': -0.16})]
    """

    engine: Engine
    clock: Clock

    def add(self, kind: str, subject: str, level: str, text: str, data: Json | None = None) -> Entry:
        """Write an entry.

        Raises
        ------
        UsageError
            An empty kind or text, or a level that is not one of ``LEVELS``.
        """
        with transaction(self.engine) as connection:
            return add_entry(connection, self.clock.now(), kind, subject, level, text, data)

    def list(
        self,
        kind: str | None = None,
        subject: str | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> Sequence[Entry]:
        """Return entries in the order they were written, the oldest first.

        Parameters
        ----------
        kind, subject : str, optional
            Only these.
        since, until : datetime, optional
            Only those with ``since <= at < until``.
        limit : int, optional
            Only as many, the newest.
        """
        wanted = select(table)
        for column, value in ((table.c.kind, kind), (table.c.subject, subject)):
            wanted = wanted if value is None else wanted.where(column == value)
        wanted = wanted if since is None else wanted.where(table.c.at >= since)
        wanted = wanted if until is None else wanted.where(table.c.at < until)
        with reading(self.engine) as connection:
            found = connection.execute(wanted.order_by(table.c.id.desc()).limit(limit)).all()
        return [_entry(row) for row in reversed(found)]


def add_entry(
    connection: Connection, at: datetime, kind: str, subject: str, level: str, text: str, data: Json | None = None
) -> Entry:
    """Write an entry inside a transaction that does something else too: both are kept or neither."""
    if not kind or not text or level not in LEVELS:
        raise UsageError(f"a journal entry '{kind}' '{text}' of level '{level}' (rule: level is one of {LEVELS})")
    row = {"at": at, "kind": kind, "subject": subject, "level": level, "text": text}
    added = insert(table).values(**row, data_json=data or {}).returning(table.c.id)
    return Entry(int(connection.execute(added).scalar_one()), at, kind, subject, level, text, data or {})


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.id, row.at, row.kind, row.subject, row.level, row.text, row.data_json)
