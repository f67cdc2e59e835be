"""What is learnt: a network, where its batches come from, and how its mistakes are counted.

The loop asks these questions and nothing else, so it trains a window classifier, a cross-section and a
pre-training in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from torch import Tensor, nn


class Task(Protocol):
    """Something a loop can train."""

    @property
    def network(self) -> nn.Module:
        """What is trained; built once."""
        ...

    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """Every parameter once, in named groups that never change: ``head``, ``attention``, ``encoder.layer_0`` …

        From the head to the input: the last ``encoder.layer_i`` is the one next to the head.
        """
        ...

    def batches(self, epoch: int) -> Iterator[Any]:
        """Yield the training batches of an epoch; the same number gives the same batches in every process."""
        ...

    def loss(self, batch: Any) -> Tensor:
        """Return the mean loss of a batch, a scalar with gradient; the network is in training mode."""
        ...

    def measures(self) -> Mapping[str, float]:
        """Measure the select slice; the network is in evaluation mode and no gradient is kept.

        ``loss`` is always among them; a measure that is not defined is left out, never zero.
        """
        ...
