"""Archives: zip and tar, compressed or not; members are read in memory and never unpacked to disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Final

from augury.core.errors import UsageError

_TAR_MARK: Final = slice(257, 262)
_UNPACK: Final[tuple[tuple[bytes, Callable[[bytes], bytes]], ...]] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"BZh", bz2.decompress),
    (b"\xfd7zXZ\x00", lzma.decompress),
)
DAMAGED: Final = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)
"""What the readers of archives raise for bytes that are not what they begin like."""


def unpacked(content: bytes) -> bytes:
    """Undo gzip, bzip2 or xz; other bytes come back as they are.

    Examples
    --------
    >>> unpacked(gzip.compress(b"date,close")), unpacked(b"date,close")
    (b'date,close', b'date,close')
    """
    for mark, unpack in _UNPACK:
        if content.startswith(mark):
            return unpack(content)
    return content


def is_archive(content: bytes) -> bool:
    """Say whether bytes hold files: a zip or a tar."""
    return content.startswith(b"PK\x03\x04") or content[_TAR_MARK] == b"ustar"


def members(content: bytes, origin: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each file inside, sorted by name.

    Raises
    ------
    UsageError
        An Excel workbook, which is a zip but no archive of bars.
    """
    if content[_TAR_MARK] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for found in sorted((one for one in archive if one.isfile()), key=lambda one: one.name):
                stream = archive.extractfile(found)
                if stream is not None:
                    yield found.name, stream.read()
        return
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        names = sorted(name for name in packed.namelist() if not name.endswith("/"))
        if "xl/workbook.xml" in names:
            raise UsageError(f"{origin} is an Excel workbook: save the sheet as CSV first")
        for name in names:
            if not PurePath(name).name.startswith("."):
                yield name, packed.read(name)
