"""Retention: files of versions that never mattered are removed after a time; what was said of them stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, exists, select, update

from augury.core.atomic import discard_folder
from augury.core.clock import Clock
from augury.records.database import reading, transaction
from augury.records.loop.journal import add_entry
from augury.records.registry.ab import RUNNING, AbTests
from augury.records.registry.artifacts import ArtifactStore
from augury.records.registry.version_rows import VersionRow, read_version, version_rows
from augury.records.tables import alias_log, forecasts, model_versions


@dataclass(frozen=True)
class Retention:
    """Which versions' files may go, and their removal.

    A version stays whole while anything can still ask for it: it was ever a champion or a challenger, it said a
    forecast that is in the ledger, another version came from it, or a running A/B test names it. Of the others the
    registry keeps manifest, scores and verdict for good; only the files go.

    Parameters
    ----------
    engine : Engine
    clock : Clock
    artifacts : ArtifactStore
    """

    engine: Engine
    clock: Clock
    artifacts: ArtifactStore

    def due(self, before: datetime) -> Sequence[VersionRow]:
        """Return the versions registered before a moment whose files may go, the oldest first."""
        wanted = version_rows().where(*_unused(), model_versions.c.created_at < before)
        tested = {
            (cell, version)
            for test in AbTests(self.engine, self.clock).list(RUNNING)
            for arm in test.arms.values()
            for cell, version in arm["versions"].items()
        }
        with reading(self.engine) as connection:
            found = [read_version(row) for row in connection.execute(wanted.order_by(model_versions.c.id))]
        return [row for row in found if (row.manifest.cell, row.version) not in tested]

    def remove(self, before: datetime) -> Sequence[VersionRow]:
        """Remove the files of :meth:`due` versions and return them.

        The registry says first that they are gone, then they go: what a killed removal leaves is removed by the
        next one.
        """
        gone, now = self.due(before), self.clock.now()
        keys = [row.key for row in gone]
        if gone:
            with transaction(self.engine) as connection:
                # Looked at again: one of them may have been promoted meanwhile.
                here = model_versions.c.id.in_(keys)
                connection.execute(update(model_versions).where(here, *_unused()).values(files_removed_at=now))
                told = f"files of {len(gone)} versions that never served were removed"
                data = {"versions": [f"{row.manifest.cell} {row.version}" for row in gone]}
                add_entry(connection, now, "retention", "store", "info", told, data)
        marked = self._marked()
        for row in marked:
            discard_folder(self.artifacts.place(row.symbol, row.timeframe, row.horizon, row.version))
        return [row for row in marked if row.key in keys]

    def _marked(self) -> Sequence[VersionRow]:
        wanted = version_rows().where(model_versions.c.files_removed_at.is_not(None))
        with reading(self.engine) as connection:
            return [read_version(row) for row in connection.execute(wanted)]


def _unused() -> tuple[ColumnElement[bool], ...]:
    child, mine = model_versions.alias("child"), model_versions.c.id
    return (
        model_versions.c.files_removed_at.is_(None),
        model_versions.c.status.in_(("candidate", "rejected")),
        ~exists().where(alias_log.c.version_id == mine),
        ~exists().where(forecasts.c.version_id == mine),
        ~exists(select(child.c.id).where(child.c.parent_id == mine)),
    )
