"""Writing so that a crash at any moment leaves the old thing or the new one, never half of it."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from augury.core.errors import StorageFull

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def storage_errors(place: Path) -> Iterator[None]:
    """Turn "no space", "read-only" and "not allowed" from the system into :class:`StorageFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise StorageFull(
            f"cannot write {place}: {os.strerror(error.errno or 0)}; nothing was changed",
            fix="augury doctor",
            path=str(place),
        ) from error


def fsync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably: a new folder whose parent was not fsynced may vanish."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    fsync_folder(folder.parent)


def fsync_file(path: Path) -> None:
    """Make the bytes of one file durable."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it durably replaces ``path``.

    Order: write, fsync, rename, fsync of the folder. On an error the temporary file is removed and
    ``path`` is as it was.

    Raises
    ------
    StorageFull
        The disk is full or the folder may not be written.
    """
    with storage_errors(path):
        make_folder(path.parent)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
        try:
            yield temporary
            fsync_file(temporary)
            os.replace(temporary, path)
            fsync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Durably replace a file with ``content``."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Durably replace a file with UTF-8 text."""
    write_bytes(path, content.encode())


def publish_folder(staged: Path, final: Path) -> None:
    """Durably move a finished folder to its place: every file and folder fsynced, then one rename.

    A reader sees nothing or the whole folder. ``final`` must not exist yet.
    """
    with storage_errors(final):
        for path in sorted(staged.rglob("*")):
            if path.is_file():
                fsync_file(path)
            else:
                fsync_folder(path)
        fsync_folder(staged)
        make_folder(final.parent)
        os.rename(staged, final)
        fsync_folder(final.parent)


def discard_folder(folder: Path) -> None:
    """Remove a staged folder if it is still there."""
    shutil.rmtree(folder, ignore_errors=True)
