"""The artifact store: one immutable folder per version, published whole and checked whenever it is opened."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from augury.core.atomic import discard_folder, publish_folder, storage_errors
from augury.core.bars import check_symbol
from augury.core.clock import iso
from augury.core.errors import AuguryError, CorruptArtifact, UnknownName
from augury.core.hashing import canonical_json, sha256_file
from augury.core.timeframe import Horizon, Timeframe
from augury.core.typing import Json
from augury.core.version import FORMAT, VersionManifest
from augury.records.registry.formats import check_format
from augury.records.registry.staging import Staging

MANIFEST: Final = "manifest.json"
_VERSION: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


def folder_name(symbol: str) -> str:
    """Write a symbol as the name of a folder, one to one.

    Examples
    --------
    >>> [folder_name(symbol) for symbol in ("^GSPC", "BRK.B", "A_B", "EUR/USD", ".staging")]
    ['%5EGSPC', 'BRK.B', 'A_B', 'EUR%2FUSD', '%2Estaging']
    """
    name = quote(check_symbol(symbol), safe="")
    return f"%2E{name[1:]}" if name.startswith(".") else name


@dataclass(frozen=True)
class ArtifactStore:
    """Folders ``<root>/<symbol>/<timeframe>/<horizon>/<version>``; nothing is ever changed in place.

    A version is written in three steps: :meth:`stage` a fresh folder, fill it, :meth:`seal` it (every
    file hashed into the manifest, the version named), :meth:`publish` it with one rename. A reader
    sees no folder or the whole one.

    Parameters
    ----------
    root : Path
        The ``artifacts`` folder. Places inside it are made from checked ids only, never from a path
        that somebody gave.
    """

    root: Path

    @property
    def staging(self) -> Staging:
        """Where folders are while they are being filled."""
        return Staging(self.root / ".staging")

    def stage(self, owner_pid: int | None = None) -> Path:
        """Make a fresh folder to fill; it belongs to this process, or to ``owner_pid``.

        Raises
        ------
        StorageFull
            No space, or the folder may not be written.
        """
        return self.staging.make(owner_pid)

    def seal(self, staged: Path, manifest: VersionManifest, created_at: datetime) -> VersionManifest:
        """Hash every file into the manifest, name the version and write ``manifest.json``.

        The name is the UTC time and six digits of the content hash, ``20261121T105800Z-1a2b3c``.

        Raises
        ------
        CorruptArtifact
            A file of a format that is not allowed, or a link.
        """
        files = {name: sha256_file(path) for name, path in _contents(staged)}
        sealed = replace(manifest, files=files, created_at=iso(created_at))
        sealed = replace(sealed, version=_version_name(created_at, sealed.content_hash))
        text = _manifest_text(sealed)
        with storage_errors(staged):
            (staged / MANIFEST).write_text(text, encoding="utf-8")
        return VersionManifest.from_json(json.loads(text))

    def publish(self, staged: Path, manifest: VersionManifest) -> Path:
        """Move a sealed folder to its place, durably; the same version already there is left as it is.

        Raises
        ------
        StorageFull
            No space, or the folder may not be written.
        CorruptArtifact
            Something else stands in that place.
        """
        final = self.place(manifest.symbol, manifest.timeframe, manifest.horizon, manifest.version)
        try:
            publish_folder(staged, final)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            self.open(manifest.symbol, manifest.timeframe, manifest.horizon, manifest.version)
            discard_folder(staged)
        self.staging.release(staged)
        return final

    def open(
        self, symbol: str, timeframe: str, horizon: str, version: str, registered: VersionManifest | None = None
    ) -> tuple[Path, VersionManifest]:
        """Check a version against its manifest, every byte of it, and return where it lies.

        Parameters
        ----------
        symbol, timeframe, horizon, version : str
        registered : VersionManifest, optional
            What the registry holds: a file of exactly that text need not be parsed again.

        Raises
        ------
        CorruptArtifact
            A file is missing, extra, a link, of another size or content, or the manifest is not one;
            the message names the file.
        UnknownName, UsageError
            Not a symbol, timeframe, horizon or version.
        """
        folder = self.place(symbol, timeframe, horizon, version)
        cell = f"{symbol} {timeframe} {horizon} {version}"
        manifest = _read_manifest(folder, cell, registered)
        if (manifest.symbol, manifest.timeframe, manifest.horizon, manifest.version) != (
            symbol,
            str(Timeframe.parse(timeframe)),
            str(Horizon.parse(horizon)),
            version,
        ):
            raise _corrupt(cell, MANIFEST, f"it is the manifest of {manifest.cell} {manifest.version}")
        _check_files(folder, cell, manifest)
        return folder, manifest

    def place(self, symbol: str, timeframe: str, horizon: str, version: str) -> Path:
        """Return where a version lies or would lie.

        Raises
        ------
        UnknownName, UsageError
            Not a symbol, timeframe, horizon or version.
        """
        if not _VERSION.fullmatch(version):
            raise UnknownName(
                f"'{version[:40]}' is not a version, e.g. 20261121T105800Z-1a2b3c", fix="augury models list"
            )
        parts = (folder_name(symbol), str(Timeframe.parse(timeframe)), str(Horizon.parse(horizon)), version)
        return self.root.joinpath(*parts)

    def sweep(self) -> list[Path]:
        """Remove what dead processes left half filled; return what was removed."""
        return self.staging.sweep()


def _contents(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise CorruptArtifact(f"{name}: an artifact holds plain files only")
        if path.is_file() and name != MANIFEST:
            check_format(path)
            yield name, path


def _manifest_text(manifest: VersionManifest) -> str:
    return canonical_json(manifest.to_json()) + "\n"


def _read_manifest(folder: Path, cell: str, registered: VersionManifest | None = None) -> VersionManifest:
    try:
        handle = os.open(folder / MANIFEST, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(handle, encoding="utf-8") as stream:
            text = stream.read()
        if registered is not None and _is_text_of(registered, text):
            return registered
        value = json.loads(text)
    except FileNotFoundError as error:
        raise _corrupt(cell, MANIFEST, "it is not there") from error
    except (OSError, ValueError, RecursionError) as error:
        raise _corrupt(cell, MANIFEST, f"it cannot be read ({error})") from error
    manifest = _parse_manifest(value, cell)
    # The hash does not cover the name and the moment; the name does, and the text must be the one
    # that seal() writes, so that no byte of it can change unseen.
    if not _is_text_of(manifest, text):
        name = _name_of(manifest)
        raise _corrupt(
            cell, MANIFEST, f"it is not as it was sealed (content {manifest.content_hash[:12]}, name {name})"
        )
    return manifest


def _is_text_of(manifest: VersionManifest, text: str) -> bool:
    return text == _manifest_text(manifest) and manifest.version == _name_of(manifest)


def _name_of(manifest: VersionManifest) -> str:
    return _version_name(datetime.fromisoformat(manifest.created_at), manifest.content_hash)


def _parse_manifest(value: Json, cell: str) -> VersionManifest:
    try:
        if value["format"] != FORMAT:
            raise _corrupt(cell, MANIFEST, f"format {value['format']}, this Augury reads {FORMAT}")
        manifest = VersionManifest.from_json(value)
        datetime.fromisoformat(manifest.created_at)
    except CorruptArtifact:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, AuguryError) as error:
        raise _corrupt(cell, MANIFEST, f"it is not a manifest ({type(error).__name__}: {error})") from error
    return manifest


def _version_name(created_at: datetime, content_hash: str) -> str:
    return f"{created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{content_hash[:6]}"


def _check_files(folder: Path, cell: str, manifest: VersionManifest) -> None:
    try:
        found = {name: sha256_file(path) for name, path in _contents(folder)}
    except (OSError, CorruptArtifact) as error:
        raise CorruptArtifact(f"version {cell}: {error}", fix=_fix(cell)) from error
    for name in sorted(found.keys() | manifest.files.keys()):
        if name not in found:
            raise _corrupt(cell, name, "it is not there")
        if name not in manifest.files:
            raise _corrupt(cell, name, "the manifest does not know it")
        if found[name] != manifest.files[name]:
            raise _corrupt(cell, name, f"sha256 {found[name][:12]}, the manifest says {manifest.files[name][:12]}")


def _corrupt(cell: str, name: str, reason: str) -> CorruptArtifact:
    return CorruptArtifact(f"version {cell}: {name}: {reason}", fix=_fix(cell), file=name)


def _fix(cell: str) -> str:
    symbol, timeframe, *_ = cell.split(" ")
    return f"augury train --symbol {symbol} --timeframe {timeframe}"
