"""The registry: a staged folder becomes a version, and a version becomes the champion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from augury.core.version import VersionManifest
from augury.runs.workspace import Workspace

SERVABLE: Final = ("skill", "calibrated_only", "insufficient")


def register(workspace: Workspace, staged: Path, manifest: VersionManifest, *, by: str = "train") -> VersionManifest:
    """Publish a staged folder and record it; the champion moves unless the gate refused.

    Order: every file hashed and fsynced, one rename, one database transaction. Killed before the
    transaction, the old champion stands and a folder nobody refers to is left for ``doctor``; after
    it, the new version is whole.

    Parameters
    ----------
    workspace : Workspace
    staged : Path
        Folder from ``store.artifacts.stage()`` with the ensemble's files.
    manifest : VersionManifest
        Without version and files.
    by : str
        Who asked, for the alias log.

    Returns
    -------
    VersionManifest
        With version, files and created_at.
    """
    artifacts = workspace.store.artifacts
    champion = workspace.store.versions.champion(manifest.symbol, manifest.timeframe, manifest.horizon)
    try:
        sealed = artifacts.seal(staged, replace(manifest, parent=champion or ""), workspace.clock.now())
        artifacts.publish(staged, sealed)
    finally:
        artifacts.staging.discard(staged)
    workspace.store.versions.register(sealed, promote=sealed.verdict.word in SERVABLE, by=by)
    return sealed
