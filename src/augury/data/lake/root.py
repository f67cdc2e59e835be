"""Where a lake lies: a folder of this machine, or any place that fsspec can reach.

A file is replaced whole or not at all. On this machine that is a temporary file, fsync and a rename; many
files are made durable side by side, and their folder once. An object store replaces an object at once by
itself. Only a folder can be locked: let one process at a time write a lake that lies elsewhere.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

from augury.core.atomic import fsync_folder, make_folder, storage_errors
from augury.core.errors import MissingExtra, StorageFull, StoreBusy, TemporaryError, UsageError
from augury.core.extras import require
from augury.core.settings import mask

_WRITERS: Final = 8
"""Files that are written and fsynced at the same time: the disk makes several durable in one go."""


class LakeRoot(Protocol):
    """Files by name (``d1/SPY.parquet``) under one place."""

    def place(self, name: str = "") -> Path | str:
        """Name a file as a person may look it up."""
        ...

    def names(self, folder: str) -> list[str]:
        """List the Parquet files directly in a folder, sorted; none when there is no such folder."""
        ...

    def read(self, names: Sequence[str]) -> list[bytes | None]:
        """Return the content of files; None for one that is not there."""
        ...

    def footers(self, names: Sequence[str]) -> list[Path | bytes | None]:
        """Return from what the facts of each file can be read most cheaply; None for one that is not there."""
        ...

    def put(self, files: Mapping[str, bytes]) -> None:
        """Replace files, each whole or not at all, durably."""
        ...

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; one that is not there is no error."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """Hold the lake as its only writer, where the place can tell."""
        ...


def open_root(root: Path | str) -> LakeRoot:
    """Open a place by path or URL; nothing is made yet.

    Parameters
    ----------
    root : Path or str
        A path, ``file:///…``, or a URL of fsspec such as ``s3://bucket/lake`` or ``memory://lake``.

    Raises
    ------
    MissingExtra
        fsspec, or the package that speaks this protocol, is not installed.
    UsageError
        A protocol that nobody knows.

    Examples
    --------
    >>> open_root("file:///tmp/lake").place("d1/SPY.parquet")
    PosixPath('/tmp/lake/d1/SPY.parquet')
    """
    if isinstance(root, Path) or "://" not in root:
        return FolderRoot(Path(root))
    address = urlsplit(root)
    return FolderRoot(Path(unquote(address.path))) if address.scheme == "file" else RemoteRoot(root)


class FolderRoot:
    """A folder of this machine; needs no fsspec."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, name: str = "") -> Path:
        """Return the path of a file."""
        return self.folder / name

    def names(self, folder: str) -> list[str]:
        """List the Parquet files of a folder."""
        return sorted(f"{folder}/{path.name}" for path in (self.folder / folder).glob("*.parquet"))

    def read(self, names: Sequence[str]) -> list[bytes | None]:
        """Read files."""
        return [self._read(self.folder / name) for name in names]

    def footers(self, names: Sequence[str]) -> list[Path | bytes | None]:
        """Return their paths: only the end of each file will be read."""
        return [path if (path := self.folder / name).is_file() else None for name in names]

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write beside, fsync, rename all, fsync their folders.

        Raises
        ------
        StorageFull
            The disk is full or the folder may not be written.
        """
        targets = {self.folder / name: content for name, content in files.items()}
        parents = sorted({path.parent for path in targets})
        mark = uuid.uuid4().hex[:8]
        beside = {path: path.with_name(f".{path.name}.{mark}.tmp") for path in targets}
        with storage_errors(self.folder):
            try:
                for parent in parents:
                    make_folder(parent)
                with ThreadPoolExecutor(min(_WRITERS, max(1, len(targets)))) as pool:
                    list(pool.map(_write_durably, [beside[path] for path in targets], targets.values()))
                    list(pool.map(os.replace, beside.values(), beside))
                for parent in parents:
                    fsync_folder(parent)
            finally:
                for temporary in beside.values():
                    temporary.unlink(missing_ok=True)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One writer at a time; a killed one leaves no lock behind."""
        with storage_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = (self.folder / ".writing").open("w")
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreBusy(
                    f"another process is writing the lake {self.folder}; nothing was changed",
                    fix="augury data list",
                    path=str(self.folder),
                ) from error
            yield

    @staticmethod
    def _read(path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


class RemoteRoot:
    """A place that fsspec reaches; credentials and options come from its own configuration."""

    def __init__(self, url: str) -> None:
        self.url = mask(url).rstrip("/")
        fsspec = require("fsspec", extra="lake")
        protocol = urlsplit(url).scheme
        try:
            self._files, base = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise MissingExtra(
                f"the lake {self.url} needs another package: {error}", fix=f'pip install "fsspec[{protocol}]"'
            ) from error
        except ValueError as error:
            raise UsageError(f"the lake {self.url} cannot be opened: {error}", fix="augury show-config") from error
        self._base: str = base.rstrip("/")

    def place(self, name: str = "") -> str:
        """Return the URL of a file."""
        return f"{self.url}/{name}" if name else self.url

    def names(self, folder: str) -> list[str]:
        """List the Parquet objects of a folder as it is now."""
        with self._named_errors():
            self._files.invalidate_cache()
            try:
                found: list[str] = self._files.ls(self._full(folder), detail=False)
            except FileNotFoundError:
                return []
        leaves = sorted(path.rsplit("/", 1)[-1] for path in found)
        return [f"{folder}/{leaf}" for leaf in leaves if leaf.endswith(".parquet")]

    def read(self, names: Sequence[str]) -> list[bytes | None]:
        """Read objects, many at a time where the protocol can."""
        if not names:
            return []
        paths = [self._full(name) for name in names]
        with self._named_errors():
            found: dict[str, Any] = self._files.cat(paths, on_error="return")
            answers = [found.get(path) for path in paths]
            for answer in answers:
                if isinstance(answer, Exception) and not isinstance(answer, FileNotFoundError):
                    raise answer
        return [answer if isinstance(answer, bytes) else None for answer in answers]

    def footers(self, names: Sequence[str]) -> list[Path | bytes | None]:
        """Return the contents: one request a file is quicker than a seek."""
        return [*self.read(names)]

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write objects, many at a time where the protocol can."""
        if files:
            with self._named_errors():
                self._files.pipe({self._full(name): content for name, content in files.items()})

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects."""
        with self._named_errors():
            for name in names:
                try:
                    self._files.rm_file(self._full(name))
                except FileNotFoundError:
                    continue

    def writing(self) -> AbstractContextManager[None]:
        """Nothing to hold: an object store has no lock."""
        return nullcontext()

    def _full(self, name: str) -> str:
        return str(self._files._strip_protocol(f"{self._base}/{name}"))

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            raise StorageFull(f"the lake {self.url} may not be used: {error}", fix="augury show-config") from error
        except OSError as error:
            raise TemporaryError(f"cannot reach the lake {self.url}: {error}", fix="augury data list") from error


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
