"""Audit a version that was stopped as too good to be true, and let it serve when nothing looked ahead."""

from __future__ import annotations

from collections.abc import Sequence

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.runs.durable.kind import HEAVY, Bench, Kind
from augury.runs.proving.reproduction import find_version
from augury.runs.registry.release import examine, let_go


def plan(bench: Bench) -> Sequence[Json]:
    """One part: the version.

    Raises
    ------
    UsageError
        None is named.
    """
    if not bench.job.settings["version"]:
        raise UsageError("a release names its version", fix="augury models list")
    row = find_version(bench.workspace, bench.job.settings["version"])
    where = [row.symbol, row.timeframe, row.horizon, row.version]
    return [{"name": " ".join(where[:3]), "version": where}]


def make(bench: Bench, part: Json) -> Json:
    """Audit it on its own bars, cut and replaced by noise; nothing is written.

    Raises
    ------
    SuspectLeak
        Something looked ahead: it stays stopped.
    UsageError, DataError, GateRefused
        As :func:`augury.runs.registry.release.release`.
    """
    row = bench.workspace.store.versions.get(*part["version"])
    evidence, _ = examine(
        bench.workspace, row, cuts=bench.job.settings["cuts"], on_progress=lambda done, total: bench.check()
    )
    return {"evidence": evidence}


def write(bench: Bench, part: Json, made: Json) -> Json:
    """Register it with the evidence as a version of its own, which answers."""
    row = bench.workspace.store.versions.get(*part["version"])
    released = let_go(bench.workspace, row, made["evidence"], by=bench.job.submitted_by)
    return {"text": f"{row.version} answers as {released.version}", "version": released.version}


KIND = Kind(
    title="Let a version go that was too good to be true", plan=plan, make=make, write=write,
    settings={"version": "", "cuts": 20}, queue=HEAVY, time_limit_s=4 * 3600.0,
)  # fmt: skip
