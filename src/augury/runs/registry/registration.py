"""The registry: a staged folder becomes a version, and a version becomes the champion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from augury.core.score import GateResult, Verdict
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.runs.workspace import Workspace

SERVABLE: Final = ("skill", "calibrated_only", "insufficient")
SUSPECT: Final = "SUSPECT_LEAK"
RELEASED: Final = "released"
"""The event of a manifest that holds what cleared a version of the suspicion."""


def register(
    workspace: Workspace,
    staged: Path,
    manifest: VersionManifest,
    *,
    by: str = "train",
    parent: str | None = None,
    serve: bool = True,
) -> VersionManifest:
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
    parent : str, optional
        The version it was made from; default the champion it follows.
    serve : bool
        False leaves the champion where it is: the version waits as a candidate, e.g. to be tried first.

    Returns
    -------
    VersionManifest
        With version, files and created_at.
    """
    artifacts = workspace.store.artifacts
    before = parent or workspace.store.versions.champion(manifest.symbol, manifest.timeframe, manifest.horizon)
    try:
        sealed = artifacts.seal(staged, replace(manifest, parent=before or ""), workspace.clock.now())
        artifacts.publish(staged, sealed)
    finally:
        artifacts.staging.discard(staged)
    workspace.store.versions.register(sealed, promote=serve and sealed.verdict.word in SERVABLE, by=by)
    return sealed


def release_of(manifest: VersionManifest) -> Json | None:
    """Return the evidence a version was released on; None for one that was never stopped."""
    return next((event for event in manifest.events if event.get("event") == RELEASED), None)


def acquitted(verdict: Verdict, evidence: Json) -> Verdict:
    """Return a verdict without the suspicion of a leak: the reading stays, what cleared it stands beside it.

    Parameters
    ----------
    verdict : Verdict
    evidence : dict
        Of :func:`release_of`.

    Examples
    --------
    >>> stopped = Verdict.of((GateResult("SUSPECT_LEAK", False, "refuse", "ic +0.670 beyond 0.15 (suspect leak)"),))
    >>> free = acquitted(stopped, {"of": "20261121T105800Z-1a2b3c", "values": 1200})
    >>> free.word, free.gates[0].message[:48]
    ('skill', 'ic +0.670 beyond 0.15; released: 1,200 values of')
    """
    return Verdict.of(tuple(_cleared(gate, evidence) if gate.code == SUSPECT else gate for gate in verdict.gates))


def _cleared(gate: GateResult, evidence: Json) -> GateResult:
    fact = gate.message.partition(" (suspect leak")[0]
    told = f"{fact}; released: {evidence['values']:,} values of {evidence['of']} were audited, none looked ahead"
    return gate if gate.passed else replace(gate, passed=True, message=told)
