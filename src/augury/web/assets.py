"""Static files: read once, pressed once, kept for good by browsers under an address that names their content.

``/static/~HASH/css/site.css`` never changes, so browsers keep it for a year; HASH is made from every
file, and what a module imports by a relative address carries it too. ``/static/css/site.css``
answers as well, to be asked for again each time.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from augury.core.errors import NotFound

STATIC: Final = Path(__file__).parent / "static"
_PRESSED: Final = (".css", ".js", ".mjs", ".svg", ".json")
_TYPES: Final = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, plain and pressed (empty when pressing gains nothing), its type and its hash."""

    body: bytes
    pressed: bytes
    media_type: str
    etag: str


def version() -> str:
    """Return the hash of all static files, 12 hex characters; it changes when any of them does."""
    return _version(tuple((path, path.stat().st_mtime_ns) for path in _files()))


def asset(name: str) -> str:
    """Return the address of a static file, e.g. ``css/site.css``, that browsers may keep for good."""
    return f"/static/~{version()}/{name}"


def has_asset(name: str) -> bool:
    """Whether a file is there: those of ``vendor/`` are not when Augury was built without them."""
    return (STATIC / name).is_file()


def answer(request: Request, name: str) -> Response:
    """Answer a request for a static file.

    Raises
    ------
    NotFound
        There is no such file.
    """
    folder, _, rest = name.partition("/")
    named = folder.startswith("~")
    path = (STATIC / (rest if named else name)).resolve()
    if not path.is_relative_to(STATIC) or not path.is_file() or path.name.startswith("."):
        raise NotFound("nothing is at this address")
    found = _read(path, path.stat().st_mtime_ns)
    # An address of another version still answers, but is not kept: it may be a page from before an update.
    kept = _FOR_GOOD if named and folder[1:] == version() else "no-cache"
    headers = {"cache-control": kept, "etag": found.etag, "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    pressed = found.pressed and "gzip" in request.headers.get("accept-encoding", "")
    if pressed:
        headers["content-encoding"] = "gzip"
    return Response(found.pressed if pressed else found.body, headers=headers, media_type=found.media_type)


def _files() -> list[Path]:
    return sorted(path for path in STATIC.rglob("*") if path.is_file() and not path.name.startswith("."))


@lru_cache(maxsize=4)
def _version(files: tuple[tuple[Path, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _ in files:
        digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=256)
def _read(path: Path, changed_ns: int) -> Asset:
    body = path.read_bytes()
    pressed = gzip.compress(body, 9, mtime=0) if path.suffix in _PRESSED and len(body) > 512 else b""
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(body, pressed, kind, f'"{hashlib.sha256(body).hexdigest()[:20]}"')
