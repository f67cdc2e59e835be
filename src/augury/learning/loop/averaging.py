"""Copies of weights that are kept in place: the best epoch's, and a moving average."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


class Copy:
    """A second set of the same tensors, allocated once and written over."""

    def __init__(self, live: Mapping[str, Tensor]) -> None:
        self.tensors = {name: tensor.detach().clone() for name, tensor in live.items()}

    def take(self, live: Mapping[str, Tensor]) -> None:
        """Copy the live tensors here."""
        for name, tensor in self.tensors.items():
            tensor.copy_(live[name].detach())


class Average(Copy):
    """Exponentially averaged weights.

    The decay begins at 1/10 and grows to its value, so that a short training is not averaged with the
    weights it began with: ``min(decay, (1 + n) / (10 + n))`` at step n.

    Parameters
    ----------
    live : mapping of Tensor
        Floating tensors that are trained.
    decay : float
        In (0, 1); larger remembers longer.
    """

    def __init__(self, live: Mapping[str, Tensor], decay: float) -> None:
        super().__init__(live)
        self.decay = decay
        self.steps = 0

    def follow(self, live: Mapping[str, Tensor]) -> None:
        """Move towards the live tensors by one step; a tensor that did not change is not moved by a bit."""
        weight = 1.0 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        with torch.no_grad():
            for name, tensor in self.tensors.items():
                tensor.lerp_(live[name], weight)

    @contextmanager
    def in_place_of(self, live: Mapping[str, Tensor]) -> Iterator[None]:
        """Put the average into the live tensors for a while."""
        own = {name: live[name].detach().clone() for name in self.tensors}
        write_over(live, self.tensors)
        try:
            yield
        finally:
            write_over(live, own)


def write_over(live: Mapping[str, Tensor], kept: Mapping[str, Tensor]) -> None:
    """Copy kept values into live tensors of the same names."""
    with torch.no_grad():
        for name, tensor in kept.items():
            live[name].copy_(tensor)
