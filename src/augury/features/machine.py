"""Runs programs over the bars of many symbols, on every core.

    answer = run(program, columns, segments(starts, rows))

Symbols are shared out to threads; the machine holds no Python lock while it works. A value does not
depend on how the symbols were shared out.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from ctypes import addressof
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from augury.core.errors import StorageFull
from augury.core.typing import Floats, Ints
from augury.features.kernels.library import Task, library
from augury.features.program import Program

SEGMENT: Final = np.dtype([(name, "i8") for name in ("start", "rows", "before", "skip", "target", "stateful")])
_SHARES_PER_THREAD: Final = 8


@dataclass(frozen=True)
class Answer:
    """What a run gave.

    Parameters
    ----------
    values : array (outputs, rows)
        One row for each result; NaN is unknown.
    states : array (segments, states)
        Where each recursion stood, for the next run (see ``Program.reach_bars``).
    infinite : array (outputs,)
        Row of the first infinite value of each result, -1 when there is none.
    """

    values: NDArray[Any]
    states: Floats
    infinite: Ints


def segments(starts: Ints, rows: int) -> NDArray[np.void]:
    """Whole symbols, each from its first bar.

    Parameters
    ----------
    starts : array of int
        First row of each symbol.
    rows : int
        How many rows there are.
    """
    found = np.zeros(len(starts), SEGMENT)
    found["start"] = found["target"] = starts
    found["rows"] = np.diff(np.append(starts, rows))
    return found


def threads() -> int:
    """How many threads are used: ``POLARS_MAX_THREADS`` when set, else every core this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("POLARS_MAX_THREADS", "")
    return min(allowed, int(asked)) if asked.isdigit() and int(asked) > 0 else allowed


def run(
    program: Program,
    columns: list[Floats],
    parts: NDArray[np.void],
    *,
    states: Floats | None = None,
    double: bool = False,
) -> Answer:
    """Run a program.

    Parameters
    ----------
    program : Program
        From ``compile_terms``.
    columns : list of array
        One float64 column for each of ``program.columns``, the symbols one after the other.
    parts : array of SEGMENT
        Which rows belong to which symbol, and where its results go.
    states : array (segments, states), optional
        Where the recursions of stateful segments stood.
    double : bool
        Answer in float64 instead of float32.

    Raises
    ------
    StorageFull
        There is not enough memory for the working columns.
    """
    columns = [np.ascontiguousarray(column, dtype=np.float64) for column in columns]
    wanted = int((parts["rows"] - parts["skip"]).sum())
    values = np.empty((program.outputs, wanted), np.float64 if double else np.float32)
    kept = np.full((len(parts), max(1, program.states)), np.nan)
    before = np.ascontiguousarray(states) if states is not None else kept
    pointers = np.array([column.ctypes.data for column in columns], dtype=np.uintp)

    def work(first: int, last: int) -> Ints:
        infinite = np.full(program.outputs, -1, dtype=np.int64)
        task = Task(
            program.code.ctypes.data, len(program.code), len(columns), program.slots, max(1, program.states),
            program.reach_bars, pointers.ctypes.data, program.weights.ctypes.data, before.ctypes.data,
            kept.ctypes.data, None if double else values.ctypes.data, values.ctypes.data if double else None,
            wanted, infinite.ctypes.data,
        )  # fmt: skip
        if library().augury_machine_run(addressof(task), parts.ctypes.data, first, last - first):
            raise StorageFull("there is not enough memory for the working columns of the feature machine")
        return infinite

    found = np.array(list(_pool().map(lambda share: work(*share), _shares(parts))) or [np.full(program.outputs, -1)])
    hit = np.where(found < 0, np.iinfo(np.int64).max, found).min(axis=0)
    return Answer(values, kept, np.where(hit == np.iinfo(np.int64).max, -1, hit))


def _shares(parts: NDArray[np.void]) -> list[tuple[int, int]]:
    """Runs of whole symbols of about equal size, more than threads so that none waits long for the last."""
    if not len(parts):
        return []
    ends = np.cumsum(parts["rows"])
    count = min(len(parts), threads() * _SHARES_PER_THREAD)
    cuts = np.searchsorted(ends, np.linspace(0, ends[-1], count + 1)[1:-1])
    borders = np.unique(np.concatenate([[0], cuts, [len(parts)]]))
    return list(zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads(), thread_name_prefix="augury-features")
