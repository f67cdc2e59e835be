"""The registry from Python: which versions there are, which one answers, and how that is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from augury.core.settings import Settings
from augury.core.timeframe import Horizon, Timeframe
from augury.records.registry.version_rows import VersionRow
from augury.runs.cells import Cell
from augury.runs.registry import promotion
from augury.runs.registry.comparison import VersionComparison, compare_versions
from augury.runs.registry.promotion import Promoted
from augury.runs.registry.rollback import RolledBack, rollback
from augury.runs.workspace import Workspace


@dataclass(frozen=True)
class ModelRegistry:
    """The versions of a store and its aliases ``@champion`` and ``@challenger``; the same as ``augury models``.

    Every change checks each byte of the version first, is made by compare-and-swap, and leaves a line in the
    log of aliases and in the journal. Versions themselves are never changed.

    Parameters
    ----------
    workspace : Workspace
        Whose store is read and changed; :meth:`open` opens the one of the settings.

    Examples
    --------
    >>> import tempfile
    >>> with ModelRegistry.open(tempfile.mkdtemp()) as registry:
    ...     registry.list(), registry.champion("SPY", "d1", "5d")
    ([], None)
    """

    workspace: Workspace

    @classmethod
    def open(cls, data_dir: str | Path | None = None) -> Self:
        """Open the registry of a data folder, default the one that the settings name; use it in a ``with``."""
        return cls(Workspace.open(Settings.load({"data_dir": data_dir})))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.workspace.store.close()

    def list(self, symbol: str | None = None, timeframe: str | None = None) -> Sequence[VersionRow]:
        """Return the registered versions by symbol, timeframe and horizon, the newest first."""
        return self.workspace.store.versions.list(
            symbol, None if timeframe is None else str(Timeframe.parse(timeframe))
        )

    def get(self, symbol: str, timeframe: str, horizon: str, version: str) -> VersionRow:
        """Return one version with its manifest.

        Raises
        ------
        NotFound
            It was never registered.
        """
        return self.workspace.store.versions.get(*_where(symbol, timeframe, horizon), version)

    def champion(self, symbol: str, timeframe: str, horizon: str) -> str | None:
        """Return the version that answers for a cell; None before the first promotion."""
        return self.workspace.store.versions.champion(*_where(symbol, timeframe, horizon))

    def challenger(self, symbol: str, timeframe: str, horizon: str) -> str | None:
        """Return the version that is tried beside the champion; None without one."""
        return self.workspace.store.versions.challenger(*_where(symbol, timeframe, horizon))

    def promote(
        self, symbol: str, timeframe: str, horizon: str, version: str, *, by: str = "python", reason: str = ""
    ) -> Promoted:
        """Let a version answer; parameters and errors as in :func:`augury.runs.registry.promotion.promote`."""
        cell = Cell(*_where(symbol, timeframe, horizon))
        return promotion.promote(self.workspace, cell, version, by=by, reason=reason)

    def challenge(self, symbol: str, timeframe: str, horizon: str, version: str, *, by: str = "python") -> Promoted:
        """Let a version be tried beside the champion, see :func:`augury.runs.registry.promotion.challenge`."""
        return promotion.challenge(self.workspace, Cell(*_where(symbol, timeframe, horizon)), version, by=by)

    def rollback(
        self, symbol: str, timeframe: str, horizon: str | None = None, *, by: str = "python", reason: str = ""
    ) -> Sequence[RolledBack]:
        """Let what served before serve again; as :func:`augury.runs.registry.rollback.rollback`."""
        return rollback(self.workspace, symbol, timeframe, horizon, by=by, reason=reason)

    def compare(self, symbol: str, timeframe: str, horizon: str, a: str, b: str) -> VersionComparison:
        """Set two versions of a cell side by side: settings, features, scores, and who was right on the same rows."""
        return compare_versions(self.workspace, Cell(*_where(symbol, timeframe, horizon)), a, b)


def _where(symbol: str, timeframe: str, horizon: str) -> tuple[str, str, str]:
    return symbol, str(Timeframe.parse(timeframe)), str(Horizon.parse(horizon))
