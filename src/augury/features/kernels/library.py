"""The shared library, loaded once and checked: built from these sources, knowing these operations."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Final

from augury.core.errors import CorruptArtifact
from augury.features.kernels.compiler import LIBRARY, source_hash
from augury.features.program import OPERATIONS

_FIX: Final = "python -m augury.features.kernels"


class Task(ctypes.Structure):
    """What one run of the machine is told; mirrors ``Task`` of machine.c."""

    _fields_ = (
        ("code", ctypes.c_void_p),
        ("length", ctypes.c_int64),
        ("leaves", ctypes.c_int64),
        ("slots", ctypes.c_int64),
        ("states", ctypes.c_int64),
        ("kept_rows", ctypes.c_int64),
        ("columns", ctypes.c_void_p),
        ("weights", ctypes.c_void_p),
        ("state_in", ctypes.c_void_p),
        ("state_out", ctypes.c_void_p),
        ("out", ctypes.c_void_p),
        ("out_double", ctypes.c_void_p),
        ("out_stride", ctypes.c_int64),
        ("infinite", ctypes.c_void_p),
    )


@cache
def library() -> ctypes.CDLL:
    """Load the library.

    Raises
    ------
    CorruptArtifact
        It is absent, of other sources, or of another machine; with the command that builds it.
    """
    try:
        found = ctypes.CDLL(str(LIBRARY))
        built = (_text(found, "augury_machine_source"), _text(found, "augury_machine_operations"))
    except (OSError, ValueError) as error:
        raise CorruptArtifact(f"the feature machine cannot be loaded: {error}", fix=_FIX) from error
    if built != (source_hash(), OPERATIONS):
        raise CorruptArtifact("the feature machine was built from other sources than these", fix=_FIX)
    found.augury_machine_run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
    found.augury_machine_run.restype = ctypes.c_int
    return found


def _text(found: ctypes.CDLL, name: str) -> str:
    return (ctypes.c_char_p.in_dll(found, name).value or b"").decode()
