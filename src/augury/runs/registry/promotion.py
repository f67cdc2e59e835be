"""Promotion: a version that is whole becomes the one that answers, if nobody was quicker."""

from __future__ import annotations

from dataclasses import dataclass

from augury.records.registry.aliases import ANY
from augury.runs.cells import Cell
from augury.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Promoted:
    """An alias that was moved.

    Parameters
    ----------
    cell : Cell
    version : str
        The one that answers, or is tried, from now on.
    previous : str or None
        The one before; equal to ``version`` when nothing had to be moved.
    """

    cell: Cell
    version: str
    previous: str | None


def promote(
    workspace: Workspace, cell: Cell, version: str, *, by: str, expected: str | None = ANY, reason: str = ""
) -> Promoted:
    """Let a registered version serve a cell: every byte of it is checked, then ``@champion`` is swapped.

    Parameters
    ----------
    workspace : Workspace
    cell : Cell
    version : str
        A version, or ``@challenger``.
    by, reason : str
        Who and why, for ``alias_log`` and the journal.
    expected : str or None
        Move only while this is the champion; None for a cell without one.

    Raises
    ------
    NotFound
        No such version.
    CorruptArtifact
        Its bytes are not those of its manifest: the champion stays.
    UsageError, GateRefused, TemporaryError
        It was rejected; the cell is pinned; somebody else moved the alias meanwhile.
    """
    version = _whole(workspace, cell, version)
    versions = workspace.store.versions
    where = (cell.symbol, cell.timeframe, cell.horizon)
    return Promoted(cell, version, versions.promote(*where, version, by=by, expected=expected, reason=reason))


def challenge(workspace: Workspace, cell: Cell, version: str, *, by: str, expected: str | None = ANY) -> Promoted:
    """Let a version be tried beside the champion: it forecasts in the shadow and is judged on the same rows.

    Parameters and errors as in :func:`promote`; the champion itself is refused.
    """
    version = _whole(workspace, cell, version)
    versions = workspace.store.versions
    where = (cell.symbol, cell.timeframe, cell.horizon)
    return Promoted(cell, version, versions.challenge(*where, version, by=by, expected=expected))


def _whole(workspace: Workspace, cell: Cell, version: str) -> str:
    """Name a version that was registered and whose bytes are those of its manifest."""
    from augury.records.registry.loader import EnsembleLoader

    where = (cell.symbol, cell.timeframe, cell.horizon)
    if version.startswith("@"):
        version = EnsembleLoader(workspace.store).resolve(*where, version)
    workspace.store.versions.get(*where, version)
    workspace.store.artifacts.open(*where, version)
    return version
