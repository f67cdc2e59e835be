"""The shared library of the ledger, loaded once and checked."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Final

from augury.core.native import NativeFolder

LEDGER: Final = NativeFolder(Path(__file__).parent)
_FIX: Final = "python -m augury.portfolio.backtest.kernels"

DAILY: Final = ("equity", "cash", "long", "short", "traded", "commission", "slippage", "impact", "borrow")
"""What is kept of each day, in the order of ledger.h; money."""
TRADE: Final = ("shares", "price", "commission", "slippage", "impact")
"""What is kept of each trade, in the order of ledger.h."""


class Task(ctypes.Structure):
    """What one run of the ledger is told; mirrors ``Ledger`` of ledger.h."""

    _fields_ = (
        ("days", ctypes.c_int64),
        ("symbols", ctypes.c_int64),
        ("fill", ctypes.c_void_p),
        ("close", ctypes.c_void_p),
        ("target", ctypes.c_void_p),
        ("elapsed", ctypes.c_void_p),
        ("last_bar", ctypes.c_void_p),
        ("impact", ctypes.c_void_p),
        ("cash", ctypes.c_double),
        ("commission", ctypes.c_double),
        ("commission_min", ctypes.c_double),
        ("slippage", ctypes.c_double),
        ("borrow", ctypes.c_double),
        ("leverage_max", ctypes.c_double),
        ("whole", ctypes.c_int64),
        ("in_shares", ctypes.c_int64),
        ("waits", ctypes.c_int64),
        ("work", ctypes.c_void_p),
        ("listed", ctypes.c_void_p),
        ("daily", ctypes.c_void_p),
        ("trade_day", ctypes.c_void_p),
        ("trade_symbol", ctypes.c_void_p),
        ("trade", ctypes.c_void_p),
    )


@cache
def library() -> ctypes.CDLL:
    """Load the library.

    Raises
    ------
    CorruptArtifact
        It is absent, of other sources, or of another machine; with the command that builds it.
    """
    found = LEDGER.load(_FIX)
    found.augury_ledger_run.argtypes = [ctypes.POINTER(Task)]
    found.augury_ledger_run.restype = ctypes.c_int64
    return found
