"""The doctor: what is wrong with this installation, and the command that mends it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from augury.core.errors import AuguryError, CorruptStore
from augury.core.settings import Settings
from augury.records.database import check_integrity
from augury.records.registry.aliases import CHAMPION
from augury.records.store import DATABASE_NAME
from augury.runs.workspace import Workspace

DISK_FREE_MIN_MIB: Final = 500
EXTRAS: Final = {
    "stats": "arch", "portfolio": "skfolio", "deep": "torch", "jobs": "psycopg", "serve": "fastapi", "tune": "optuna",
    "explain": "shap", "onnx": "onnxruntime", "scale": "ray", "track": "mlflow", "push": "pywebpush",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing examined. ``status`` is ``ok``, ``absent`` (optional, with the pip line) or ``broken``."""

    name: str
    status: str
    message: str
    fix: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Examine the machine, the data folder, the database, the ledger, the artifacts and the extras.

    Parameters
    ----------
    settings : Settings
        Whose data folder and database are examined.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", "ok" if sys.version_info >= (3, 11) else "broken", f"{version}, needs 3.11 or newer")
    folder = _folder(settings)
    yield folder
    if folder.status == "ok":
        yield _disk(settings)
        yield from _store(settings)
    for extra, package in EXTRAS.items():
        found = importlib.util.find_spec(package) is not None
        fix = "" if found else f'pip install "augury[{extra}]"'
        yield Finding(f"extra {extra}", "ok" if found else "absent", package, fix)


def _folder(settings: Settings) -> Finding:
    place = settings.data_dir
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Finding("data folder", "broken", f"{place}: {error.strerror}", "augury --data-dir DIR doctor")
    return Finding("data folder", "ok", str(place))


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data_dir).free // 2**20
    status = "ok" if free >= DISK_FREE_MIN_MIB else "broken"
    return Finding("disk", status, f"{free:,} MiB free, needs {DISK_FREE_MIN_MIB}")


def _store(settings: Settings) -> Iterator[Finding]:
    try:
        workspace = Workspace.open(settings)
    except AuguryError as error:
        place = settings.data_dir / DATABASE_NAME
        circular = isinstance(error, CorruptStore) and not settings.database_url
        fix = f"mv {place} {place}.damaged, then restore a copy or train anew" if circular else error.fix
        yield Finding("database", "broken", error.message, fix)
        return
    with workspace:
        yield _named("database", lambda: _database(workspace))
        yield _named("ledger", lambda: _ledger(workspace))
        yield _named("artifacts", lambda: _artifacts(workspace))
        yield _unregistered(workspace)
        yield _named("lake", lambda: _lake(workspace))
        swept = workspace.store.artifacts.sweep()
        yield Finding("leftovers", "ok", f"{len(swept)} folders of dead runs removed")


def _unregistered(workspace: Workspace) -> Finding:
    """Find published folders that the database does not know: left by a killed run, or by another database."""
    known = {row.version for row in workspace.store.versions.list()}
    published = [path.parent.name for path in workspace.store.artifacts.root.glob("*/*/*/*/manifest.json")]
    strangers = len([name for name in published if name not in known])
    message = f"{strangers} published folders that the database does not know"
    if strangers and not known:
        return Finding("unregistered", "broken", f"{message}: is it the right one?", "augury show-config")
    return Finding("unregistered", "ok", message)


def _named(name: str, work: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", work())
    except AuguryError as error:
        return Finding(name, "broken", error.message, error.fix)


def _database(workspace: Workspace) -> str:
    check_integrity(workspace.store.engine)
    return f"{workspace.store.engine.dialect.name}, every page read"


def _ledger(workspace: Workspace) -> str:
    checked = workspace.store.ledger.verify().require()
    return f"{checked.rows} rows in {checked.cells} cells verify"


def _lake(workspace: Workspace) -> str:
    entries = workspace.lake.entries()
    for entry in entries:
        workspace.lake.read([entry.symbol], entry.timeframe)
    return f"{len(entries)} series verify"


def _artifacts(workspace: Workspace) -> str:
    champions = workspace.store.versions.list(alias=CHAMPION)
    for row in champions:
        workspace.store.artifacts.open(row.symbol, row.timeframe, row.horizon, row.version)
    return f"{len(champions)} champions verify"
