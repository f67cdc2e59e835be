"""Backup and restore: everything that cannot be computed again, in one folder in which every byte is accounted for.

A backup holds the database as of one moment, every published version, every file of the lake, and
``backup.json``: the sha256 and size of each file, and a hash of that list itself. The database is copied first:
a version is on the disk before the database names it, and nothing on the disk is changed in place.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from augury import __version__
from augury.core.atomic import discard_folder, make_folder, publish_folder, storage_errors
from augury.core.clock import SystemClock, iso
from augury.core.errors import AuguryError, CorruptStore, NotFound, UsageError
from augury.core.hashing import canonical_json, sha256_file, sha256_json
from augury.core.settings import Settings
from augury.core.typing import Json
from augury.data.lake import Lake
from augury.records import migrate
from augury.records.database import check_integrity, open_engine
from augury.records.registry.artifacts import ArtifactStore
from augury.records.registry.version_rows import VersionRow
from augury.records.store import DATABASE_NAME, Store
from augury.runs.upkeep.database_copy import POSTGRES, SQLITE, check_dump, copy_in, copy_out, copy_sqlite
from augury.runs.workspace import Workspace

MANIFEST: Final = "backup.json"
FORMAT: Final = 1
_Step: TypeAlias = tuple[str, Callable[[], object]]
_DATABASE, _ARTIFACTS, _LAKE = "database", "artifacts", "lake"


@dataclass(frozen=True)
class Checked:
    """What a verification found.

    Parameters
    ----------
    place : str
        The backup or the data folder.
    files, bytes, ledger_rows, versions, series : int
        What was looked at; of a data folder ``files`` and ``bytes`` are 0: nothing lists them.
    findings : tuple of str
        One line a fault; empty when every byte is as it was written.
    """

    place: str
    files: int = 0
    bytes: int = 0
    ledger_rows: int | None = None
    versions: int | None = None
    series: int | None = None
    findings: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"findings": list(self.findings)}

    def require(self) -> Checked:
        """Return the check itself when nothing is wrong.

        Raises
        ------
        CorruptStore
            Naming the first fault.
        """
        if self.findings:
            more = f" and {len(self.findings) - 1} more" if len(self.findings) > 1 else ""
            raise CorruptStore(f"{self.place} does not verify: {self.findings[0]}{more}", fix="augury doctor")
        return self


def backup(workspace: Workspace, out: Path) -> Json:
    """Copy a store and its lake into a new folder; the folder appears whole or not at all.

    Others may go on working meanwhile. What engines of workflows remember of unfinished jobs in a file of their
    own is not copied: a job that was running is asked for again.

    Parameters
    ----------
    workspace : Workspace
    out : Path
        Must not exist, or be an empty folder.

    Returns
    -------
    dict
        The content of ``backup.json``.

    Raises
    ------
    UsageError
        Something is in ``out`` already.
    MissingExtra
        The store is PostgreSQL and ``pg_dump`` is missing.
    StorageFull
        No room; nothing is left behind.
    """
    _vacant(out, "back up to")
    staged = _beside(out)
    try:
        with storage_errors(out):
            for name in (_DATABASE, _ARTIFACTS, _LAKE):
                make_folder(staged / name)
            database = copy_out(workspace.store.engine, staged / _DATABASE)
            _copy_files(workspace.store.artifacts.root, staged / _ARTIFACTS, leave=".staging")
            _copy_lake(workspace.lake, staged / _LAKE)
            manifest = _listed(staged, workspace, database)
            (staged / MANIFEST).write_text(canonical_json(manifest) + "\n", encoding="utf-8")
        _swap(staged, out)
    finally:
        discard_folder(staged)
    return manifest


def restore(source: Path, settings: Settings) -> Checked:
    """Make a data folder from a backup, verified before it stands in its place and after.

    Parameters
    ----------
    source : Path
        A backup.
    settings : Settings
        ``data_dir`` must be new or empty; ``database_url`` names an empty PostgreSQL database when the backup
        is of one, and is empty when it is of SQLite.

    Returns
    -------
    Checked
        Of the restored store.

    Raises
    ------
    NotFound, CorruptStore
        No backup, or a byte of it is not as it was written.
    UsageError
        Something is in the data folder or the database already, or the kinds of database differ.
    """
    manifest = read_manifest(source)
    verify_backup(source, deep=False).require()
    _same_kind(manifest, settings)
    _vacant(settings.data_dir, "restore into")
    staged = _beside(settings.data_dir)
    try:
        with storage_errors(settings.data_dir):
            for name in (_ARTIFACTS, _LAKE):
                _copy_files(source / name, staged / name)
            if not settings.database_url:
                shutil.copyfile(source / _DATABASE / SQLITE, staged / DATABASE_NAME)
        if settings.database_url:
            copy_in(source / _DATABASE / POSTGRES, settings.database_url)
        _swap(staged, settings.data_dir)
    finally:
        discard_folder(staged)
    # The lake lies in the new folder now, wherever it lay before.
    with Workspace.open(replace(settings, lake="")) as workspace:
        return verify_store(workspace).require()


def verify_backup(source: Path, *, deep: bool = True) -> Checked:
    """Hold every file of a backup against its list, then the ledger and the registry against themselves.

    Parameters
    ----------
    source : Path
    deep : bool
        False: the files alone. A dump of PostgreSQL holds its ledger in a form only a server reads; it is
        verified when it is restored.
    """
    manifest = read_manifest(source)
    findings = list(_differences(source, manifest["files"]))
    sizes = sum(int(entry["size"]) for entry in manifest["files"].values())
    found = Checked(str(source), len(manifest["files"]), sizes, findings=tuple(findings))
    if findings or not deep:
        return found
    if manifest["database"] != SQLITE:
        return replace(found, findings=_faults([("database", lambda: check_dump(source / _DATABASE / POSTGRES))]))
    with tempfile.TemporaryDirectory(prefix="augury-verify-") as folder, ExitStack() as closing:
        copy_sqlite(source / _DATABASE / SQLITE, Path(folder) / SQLITE)  # opening a database writes beside it
        engine = open_engine(f"sqlite:///{Path(folder) / SQLITE}")
        closing.callback(engine.dispose)
        store = Store(engine, ArtifactStore(source / _ARTIFACTS), SystemClock())
        inside = _verified(str(source), store, Lake(source / _LAKE))
    return replace(inside, files=found.files, bytes=found.bytes)


def verify_store(workspace: Workspace) -> Checked:
    """Check a data folder: pages of the database, chains of the ledger, every version, every series."""
    return _verified(str(workspace.settings.data_dir), workspace.store, workspace.lake)


def read_manifest(source: Path) -> Json:
    """Read ``backup.json``.

    Raises
    ------
    NotFound
        The folder is no backup.
    CorruptStore
        It was changed, or another format wrote it.
    """
    path = source / MANIFEST
    try:
        value: Json = json.loads(path.read_text(encoding="utf-8"))
        said = value.pop("list_sha256")
        whole = said == sha256_json(value) and value["format"] == FORMAT
    except FileNotFoundError as error:
        raise NotFound(f"{source} is no backup: it has no {MANIFEST}", fix="augury backup --out DIR") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptStore(f"{path} cannot be read: {error}", fix="augury backup --out DIR") from error
    if not whole:
        raise CorruptStore(f"{path} is not as it was written", fix="augury backup --out DIR")
    return value


def _listed(staged: Path, workspace: Workspace, database: str) -> Json:
    files = {name: {"sha256": sha256_file(path), "size": path.stat().st_size} for name, path in _files(staged)}
    value: Json = {
        "format": FORMAT,
        "augury": __version__,
        "created_at": iso(workspace.clock.now()),
        "database": database,
        "schema": migrate.head(),
        "files": files,
    }
    return value | {"list_sha256": sha256_json(value)}


def _differences(source: Path, files: Mapping[str, Json]) -> Iterator[str]:
    present = dict(_files(source))
    present.pop(MANIFEST, None)
    for name in sorted(present.keys() | files.keys()):
        if name not in present:
            yield f"{name} is missing"
        elif name not in files:
            yield f"{name} is not of this backup"
        elif present[name].stat().st_size != files[name]["size"]:
            yield f"{name} has {present[name].stat().st_size} bytes, the list says {files[name]['size']}"
        elif (found := sha256_file(present[name])) != files[name]["sha256"]:
            yield f"{name} has sha256 {found[:12]}, the list says {files[name]['sha256'][:12]}"


def _verified(place: str, store: Store, lake: Lake) -> Checked:
    rows = [row for row in store.versions.list() if row.removed_at is None]
    entries = lake.entries()
    ledger = store.ledger.verify()
    steps: list[_Step] = [
        ("database", lambda: check_integrity(store.engine)),
        ("ledger", ledger.require),
        *((row.version, partial(_version, store, row)) for row in rows),
        *((entry.symbol, partial(lake.read, [entry.symbol], entry.timeframe)) for entry in entries),
    ]
    return Checked(place, 0, 0, ledger.rows, len(rows), len(entries), _faults(steps))


def _version(store: Store, row: VersionRow) -> None:
    """A registered version is on the disk, whole, and is the one the registry names."""
    _, manifest = store.artifacts.open(row.symbol, row.timeframe, row.horizon, row.version)
    if manifest.content_hash != row.sha256:
        raise CorruptStore(f"version {row.version}: content {manifest.content_hash[:12]}, registered {row.sha256[:12]}")


def _faults(steps: Sequence[_Step]) -> tuple[str, ...]:
    found = []
    for name, step in steps:
        try:
            step()
        except AuguryError as error:
            found.append(f"{name}: {error.message}")
    return tuple(found)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() or path.is_symlink():
            yield path.relative_to(folder).as_posix(), path


def _copy_files(source: Path, target: Path, leave: str = "") -> None:
    make_folder(target)
    for name, path in _files(source):
        if leave and name.split("/")[0] == leave:
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name, follow_symlinks=False)


def _copy_lake(lake: Lake, target: Path) -> None:
    """Series by series through the lake's own door: a series being written is copied as it was or as it will be."""
    copy = Lake(target)
    for entry in lake.entries():
        copy.write(lake.read([entry.symbol], entry.timeframe))
    for lock in target.glob(".*"):
        lock.unlink()


def _same_kind(manifest: Json, settings: Settings) -> None:
    if (manifest["database"] == POSTGRES) != bool(settings.database_url):
        kinds = {POSTGRES: "PostgreSQL", SQLITE: "SQLite"}
        wanted = "name an empty database by DATABASE_URL" if manifest["database"] == POSTGRES else "unset DATABASE_URL"
        raise UsageError(f"the backup is of {kinds[manifest['database']]}: {wanted}", fix="augury restore --help")


def _vacant(place: Path, purpose: str) -> None:
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(f"cannot {purpose} {place}: it is not empty; name a new folder")


def _beside(place: Path) -> Path:
    """A fresh folder on the same disk, so that one rename puts it in its place."""
    folder = place.parent / f".{place.name}.{uuid.uuid4().hex[:8]}.tmp"
    with storage_errors(folder):
        make_folder(folder)
    return folder


def _swap(staged: Path, final: Path) -> None:
    if final.exists():
        final.rmdir()
    publish_folder(staged, final)
