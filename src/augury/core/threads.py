"""Thread caps: several single-threaded processes beat one process whose threads wait for each other."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import Final

_COUNTS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


def single_threaded() -> dict[str, str]:
    """Environment of a worker process: one thread for every numeric library.

    ``OMP_WAIT_POLICY=passive`` because on busy cores OpenMP otherwise spins while it waits.
    """
    return dict.fromkeys(_COUNTS, "1") | {"OMP_WAIT_POLICY": "passive"}


def calm(environ: MutableMapping[str, str] | None = None) -> None:
    """Set the wait policy for this process; call before numeric libraries are imported."""
    (os.environ if environ is None else environ).setdefault("OMP_WAIT_POLICY", "passive")
