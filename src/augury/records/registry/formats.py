"""Which files an artifact may hold: formats that cannot run code, recognised by content and not by name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from augury.core.errors import CorruptArtifact

_HEADER_BYTES: Final = 16


def _json(head: bytes) -> bool:
    return head.lstrip()[:1] in (b"{", b"[")


def _lightgbm(head: bytes) -> bool:
    return head.startswith(b"tree\n")


def _safetensors(head: bytes) -> bool:
    # 8 bytes of header length, then the header, a JSON object.
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= 100 << 20


def _parquet(head: bytes) -> bool:
    return head.startswith(b"PAR1")


FORMATS: Final = {".json": _json, ".txt": _lightgbm, ".safetensors": _safetensors, ".parquet": _parquet}
"""Suffix to a check of the first bytes. No format here can carry a program."""


def check_format(path: Path) -> None:
    """Refuse a file whose suffix is not allowed or whose first bytes are not of that format.

    A pickle renamed to ``.json`` or ``.safetensors`` ends here, before any reader sees it.

    Raises
    ------
    CorruptArtifact
        Naming the file.
    """
    known = FORMATS.get(path.suffix)
    if known is None:
        raise CorruptArtifact(f"{path.name}: '{path.suffix}' is not an artifact format (known: {', '.join(FORMATS)})")
    with path.open("rb") as stream:
        head = stream.read(_HEADER_BYTES)
    if not known(head):
        raise CorruptArtifact(f"{path.name}: the content is not {path.suffix} (first bytes {head[:8]!r})")
