"""Where the numbers of an Arrow file lie, so that they can be used where they are on disk.

Polars copies what it reads from a file; a day of a panel is then as slow as the panel. The end of
an Arrow IPC file lists its record batches, and each batch lists its buffers: reading those few
lists (Arrow columnar format, "IPC File Format"; flatbuffers) gives views into the mapped file.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from augury.core.errors import CorruptStore
from augury.core.typing import Features, Ints

MAGIC: Final = b"ARROW1"
_FOOTER_BATCHES, _MESSAGE_HEADER, _BATCH_ROWS, _BATCH_BUFFERS, _BATCH_COMPRESSION = 3, 2, 0, 2, 3
"""Numbers of the fields read, as in Arrow's File.fbs and Message.fbs."""
_BLOCK_BYTES, _BUFFER_BYTES, _PREFIX_BYTES = 24, 16, 8
_DAMAGE: Final = (struct.error, ValueError, IndexError, OverflowError)


@dataclass(frozen=True, slots=True)
class Block:
    """One record batch: the first column as whole numbers and the last one as rows of float32."""

    keys: Ints
    matrix: Features


def map_blocks(path: Path, width: int) -> list[Block]:
    """Map an uncompressed Arrow file whose first column is an int64 and whose last one a float32 array.

    Nothing is read but the lists of buffers; pages come when they are touched. The arrays are
    read-only and keep the file mapped as long as one of them lives, also when it is replaced.

    Parameters
    ----------
    path : Path
    width : int
        Length of the arrays of the last column; 0 when there is none.

    Raises
    ------
    CorruptStore
        The file was cut, is compressed, or is not of this form.
    """
    try:
        with path.open("rb") as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        return [_block(mapped, at, width) for at in _batches(mapped)]
    except _DAMAGE as error:
        raise CorruptStore(f"{path} is not an Arrow file that can be mapped: {error}", path=str(path)) from error


def _batches(file: mmap.mmap) -> list[tuple[int, int]]:
    """Offset of each record batch's message, and of its body."""
    if file[: len(MAGIC)] != MAGIC or file[-len(MAGIC) :] != MAGIC:
        raise ValueError("it does not begin and end as one")
    end = len(file) - len(MAGIC) - 4
    root = end - _number(file, "<i", end)
    first, count = _vector(file, _table(file, root), _FOOTER_BATCHES)
    found = [struct.unpack_from("<qi4xq", file, first + at * _BLOCK_BYTES) for at in range(count)]
    return [(offset, offset + metadata) for offset, metadata, _ in found]


def _block(file: mmap.mmap, at: tuple[int, int], width: int) -> Block:
    message, body = at
    batch = _table(file, _field(file, _table(file, message + _PREFIX_BYTES), _MESSAGE_HEADER))
    if _field(file, batch, _BATCH_COMPRESSION):
        raise ValueError("its buffers are compressed")
    rows = _number(file, "<q", _field(file, batch, _BATCH_ROWS))
    first, count = _vector(file, batch, _BATCH_BUFFERS)
    # The first column has two buffers, which cells are known and the numbers; an array's numbers come last.
    keys, matrix = (struct.unpack_from("<qq", file, first + k * _BUFFER_BYTES) for k in (1, count - 1))
    if keys[1] < rows * 8 or (width and matrix[1] < rows * width * 4):
        raise ValueError(f"a batch of {rows} rows has too few bytes for {width} float32 columns")
    numbers = np.frombuffer(file, np.int64, rows, body + keys[0])
    if not width:
        return Block(numbers, np.empty((rows, 0), np.float32))
    return Block(numbers, np.frombuffer(file, np.float32, rows * width, body + matrix[0]).reshape(rows, width))


def _number(file: mmap.mmap, kind: str, at: int) -> int:
    return int(struct.unpack_from(kind, file, at)[0])


def _table(file: mmap.mmap, at: int) -> int:
    """Follow a reference to a table (or, from a field, to what it holds)."""
    return at + _number(file, "<I", at)


def _field(file: mmap.mmap, table: int, number: int) -> int:
    """Offset of a field of a table; 0 when it is absent."""
    listed = table - _number(file, "<i", table)
    slot = 4 + 2 * number
    if slot >= _number(file, "<H", listed):
        return 0
    inside = _number(file, "<H", listed + slot)
    return table + inside if inside else 0


def _vector(file: mmap.mmap, table: int, number: int) -> tuple[int, int]:
    """Offset of a list's first item, and how many there are."""
    field = _field(file, table, number)
    if not field:
        return 0, 0
    start = _table(file, field)
    return start + 4, _number(file, "<I", start)
