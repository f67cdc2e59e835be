"""Batches made ahead of the step that needs them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

_END: Final = object()


def timed(batches: Iterator[Any], ahead: int) -> Iterator[tuple[Any, float]]:
    """Yield each batch with the seconds that were spent waiting for it.

    Parameters
    ----------
    batches : iterator
    ahead : int
        How many batches a thread makes ahead; 0 makes each when it is asked for, in this thread, which is
        the safe mode: nothing can stall. The order is the same. Reading and copying release the
        interpreter, so one thread is enough, and no process has to be started or fed.

    Examples
    --------
    >>> [batch for batch, seconds in timed(iter("abc"), ahead=2)]
    ['a', 'b', 'c']
    """
    source = _made_ahead(batches, ahead) if ahead else batches
    while True:
        begun = time.perf_counter()
        batch = next(source, _END)
        if batch is _END:
            return
        yield batch, time.perf_counter() - begun


def _made_ahead(batches: Iterator[Any], ahead: int) -> Iterator[Any]:
    maker = ThreadPoolExecutor(1, "batches")
    try:
        waiting = deque(maker.submit(next, batches, _END) for _ in range(ahead))
        while (batch := waiting.popleft().result()) is not _END:
            waiting.append(maker.submit(next, batches, _END))
            yield batch
    finally:
        maker.shutdown(cancel_futures=True)
