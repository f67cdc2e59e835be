"""Windows answered in parts of one size: on the processor a part is one core's work.

A recurrent network takes its steps one after the other; cores that share each step wait for each other more than
they compute. The parts are the same however many cores there are, and so is every number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import torch
from torch import Tensor, nn

from augury.core.typing import Features, Floats
from augury.learning.loop.surroundings import cores
from augury.models.deep.network import WindowOutput
from augury.models.deep.windows.task import answers, joined

PART: Final = 50
"""Windows of a part."""


def answer_in_parts(
    network: nn.Module, prices: Floats, inputs: Callable[[Floats], Features], side: Tensor | None = None
) -> WindowOutput:
    """Answer for windows without gradients.

    Parameters
    ----------
    network : nn.Module
        In evaluation mode; its device is where the answer is computed.
    prices : (N, T, 4)
    inputs : callable
        Prices to what the network reads, ``(N, T, F)``; one window at a time, so that parts change nothing.
    side : (N, S), optional

    Returns
    -------
    WindowOutput
        In the order of the windows.
    """
    device = next(network.parameters()).device
    if device.type == "cuda":
        with torch.inference_mode():
            return answers(network, torch.from_numpy(inputs(prices)).to(device), side)

    def answer(at: int) -> WindowOutput:
        with torch.inference_mode():  # it holds for one thread only
            x = torch.from_numpy(inputs(prices[at : at + PART]))
            return answers(network, x, None if side is None else side[at : at + PART])

    starts = range(0, len(prices), PART)
    if len(starts) <= 1:
        with _one_thread():
            return answer(0)
    workers = min(cores(), len(starts))
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        found = list(pool.map(answer, starts))
    with torch.inference_mode():
        return joined(found)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
