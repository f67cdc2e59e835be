"""Copy database, versions and lake into a new folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from augury.core.typing import Json
from augury.runs.durable.kind import HEAVY, Bench, Kind
from augury.runs.upkeep.backup import MANIFEST, backup, verify_backup


def plan(bench: Bench) -> Sequence[Json]:
    """One part; without a folder of its own, ``backups/<moment>`` in the data folder."""
    named = bench.job.settings["out"]
    folder = Path(named) if named else bench.workspace.settings.data_dir / "backups" / f"{bench.moment:%Y%m%dT%H%M%SZ}"
    return [{"name": "backup", "out": str(folder.resolve())}]


def make(bench: Bench, part: Json) -> Json:
    """Copy everything; a copy that stands there whole already is verified instead."""
    out = Path(part["out"])
    if not (out / MANIFEST).is_file():
        backup(bench.workspace, out)
    found = verify_backup(out).require()
    return {"text": f"{found.files} files, {found.bytes:,} bytes in {out}", "out": str(out), "bytes": found.bytes}


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Where it lies."""
    return {name: results[0][name] for name in ("out", "bytes")}


KIND = Kind(
    title="Copy everything into a backup and verify it",
    plan=plan,
    make=make,
    finish=finish,
    settings={"out": ""},
    queue=HEAVY,
)
