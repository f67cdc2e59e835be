"""One way to hash: canonical JSON for facts, column bytes for frames, chunks for files."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from augury.core.clock import iso
from augury.core.errors import DataError


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in a canonical record")


def canonical_json(value: object) -> str:
    """Write a value as the one JSON text that is hashed: sorted keys, no spaces, UTC times.

    Raises
    ------
    DataError
        A number that is not finite (missing is null, never NaN), or keys that are not all text.

    Examples
    --------
    >>> canonical_json({"b": 1, "a": (0.5, None)})
    '{"a":[0.5,null],"b":1}'
    """
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
        )
    except ValueError as error:
        raise DataError(f"a canonical record holds finite numbers: missing is null, never NaN ({error})") from error
    except TypeError as error:
        raise DataError(f"a canonical record holds JSON values under text keys: {error}") from error


def sha256_json(value: object) -> str:
    """Hash the canonical JSON of a value; 64 hex characters."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def sha256_bytes(content: bytes) -> str:
    """Hash bytes; 64 hex characters."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """Hash a file in chunks of 1 MiB; 64 hex characters."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_frame(frame: pl.DataFrame) -> str:
    """Hash a frame by value: names, types, null masks and values, in column order.

    Equal frames hash equally whatever their chunking or file format; a changed close, a renamed
    column or a null that became 0 changes the hash.

    Examples
    --------
    >>> a = pl.DataFrame({"x": [1.0, None]})
    >>> sha256_frame(a) == sha256_frame(pl.concat([a[:1], a[1:]])), sha256_frame(a) == sha256_frame(a.fill_null(0))
    (True, False)
    """
    digest = hashlib.sha256()
    for column in frame.iter_columns():
        digest.update(f"{column.name}\x1f{column.dtype}\x1f{len(column)}\x1e".encode())
        if column.null_count():
            digest.update(np.packbits(column.is_null().to_numpy()).tobytes())
            # A null has a place of its own above; here it only needs some value, the same each time.
            text = column.dtype in (pl.String, pl.Categorical)
            column = column.cast(pl.String).fill_null("") if text else column.to_physical()
            column = column if text else column.fill_null(False if column.dtype == pl.Boolean else 0)
        if column.dtype in (pl.String, pl.Categorical):
            digest.update("\x1f".join(column.to_list()).encode())
        else:
            # Moments are int64 in NumPy as they are here; dates are not, so they go by their physical type.
            other = column.dtype.is_temporal() and not isinstance(column.dtype, pl.Datetime)
            plain = column.to_physical() if other else column
            digest.update(np.ascontiguousarray(plain.to_numpy()).tobytes())
    return digest.hexdigest()
