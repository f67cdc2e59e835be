"""What a training sets for the whole process, and puts back: threads and random state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from augury.core.seeds import derive


def cores() -> int:
    """Count the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def own_surroundings(threads: int) -> Iterator[None]:
    """Compute with this many threads, never more than cores; the caller's random state is left alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(threads, cores()))
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_num_threads(before)


def seed_epoch(seed: int, epoch: int) -> None:
    """Set the random state of an epoch: dropout then depends on the seed and the epoch alone.

    So there is no state to keep between epochs, on any device: an epoch that is repeated after a crash
    draws what it drew before.
    """
    torch.manual_seed(derive(seed, "loop", f"epoch-{epoch}"))
