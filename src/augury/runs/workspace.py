"""The workspace: the settings, the lake and the store one process works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from augury.core.clock import Clock, SystemClock
from augury.core.settings import Settings
from augury.data.lake import Lake
from augury.records.store import Store


@dataclass(frozen=True)
class Workspace:
    """Everything a run may read or write, opened once and passed on.

    Use as a context manager; the store is closed at the end.
    """

    settings: Settings
    lake: Lake
    store: Store
    clock: Clock = field(default_factory=SystemClock)

    @classmethod
    def open(cls, settings: Settings | None = None, *, clock: Clock | None = None) -> Workspace:
        """Open the store and the lake of ``settings`` (read from flags, environment and file when None).

        Raises
        ------
        StorageFull, CorruptStore, StoreBusy
            The data folder cannot be written, the database is damaged, or a second process holds it.
        """
        settings = settings or Settings.load()
        clock = clock or SystemClock()
        store = Store.open(settings.data_dir, settings.database_url, clock=clock)
        return cls(settings, Lake(lake_folder(settings)), store, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()


def lake_folder(settings: Settings) -> Path | str:
    """Where the lake of these settings lies: a folder, or a URL that fsspec understands."""
    return settings.lake or settings.data_dir / "lake"
