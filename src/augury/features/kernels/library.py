"""The shared library, loaded once and checked: built from these sources, knowing these operations."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Final

from augury.core.errors import CorruptArtifact
from augury.core.native import NativeFolder, text_of
from augury.features.program import OPERATIONS

MACHINE: Final = NativeFolder(Path(__file__).parent)
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
    found = MACHINE.load(_FIX)
    if text_of(found, "augury_machine_operations") != OPERATIONS:
        raise CorruptArtifact("the compiled machine knows other operations than the programs written for it", fix=_FIX)
    found.augury_machine_run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
    found.augury_machine_run.restype = ctypes.c_int
    return found
