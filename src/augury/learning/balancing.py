"""Several losses on one network: how much each counts, and what to do when they pull apart.

Both give one scalar, so a task returns it from ``loss`` and the loop needs to know nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn

from augury.core.errors import UsageError

CONFLICT: Final = -0.3
"""Gradients whose cosine is below this are projected."""


class UncertaintyWeights(nn.Module):
    """Weights of tasks that are learnt from how noisy each task is (Kendall, Gal and Cipolla 2018).

    The sum of ``L_i / (2 sigma_i^2) + ln sigma_i``: a task whose loss stays large is given a larger sigma and
    counts less; the logarithm keeps sigma from growing for ever. At the optimum ``sigma_i^2 = L_i``. Its
    parameters belong into a group of the task, and the module into its ``side_modules``.

    Parameters
    ----------
    names : sequence of str
        Of the tasks, each once.

    Examples
    --------
    >>> weights = UncertaintyWeights(["magnitude", "sign"])
    >>> weights({"magnitude": torch.tensor(2.0), "sign": torch.tensor(1.0)}).item()
    1.5
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        if not names or len(set(names)) != len(names):
            raise UsageError(f"tasks are named once each, got {list(names)}")
        self.names = tuple(names)
        # The logarithm of sigma may be any number, so no bound has to be kept.
        self.log_sigma = nn.Parameter(torch.zeros(len(names)))

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Weigh the losses of every task.

        Raises
        ------
        UsageError
            A task has no loss, or a loss no task.
        """
        if set(losses) != set(self.names):
            raise UsageError(f"losses of {sorted(losses)} for tasks {sorted(self.names)}: each task has one")
        stacked = torch.stack([losses[name] for name in self.names])
        return (stacked * torch.exp(-2.0 * self.log_sigma) / 2.0 + self.log_sigma).sum()

    def shown(self) -> dict[str, float]:
        """Give the weight ``1 / (2 sigma^2)`` of each task, for the record."""
        weights = torch.exp(-2.0 * self.log_sigma.detach()) / 2.0
        return {name: float(weight) for name, weight in zip(self.names, weights, strict=True)}


def without_conflict(
    losses: Sequence[Tensor], parameters: Sequence[nn.Parameter], threshold: float = CONFLICT
) -> Tensor:
    """Add losses so that none undoes what another learns (after Yu et al. 2020).

    Where the cosine of two gradients is below the threshold, each loses its part along the other; the order
    of the losses decides among three or more, so the same losses give the same step. The value is the plain
    sum; its gradient is the sum of the projected gradients. One backward pass a loss.

    Parameters
    ----------
    losses : sequence of Tensor
        Scalars with gradient.
    parameters : sequence of Parameter
        What the losses share and the projection is made for, e.g. those of the encoder; other parameters,
        such as those of a head, receive the plain sum. Frozen ones are left out.
    threshold : float
        In [-1, 0]; default -0.3. 0 projects every conflict.
    """
    shared = [parameter for parameter in parameters if parameter.requires_grad]
    total = torch.stack(list(losses)).sum()
    if len(losses) < 2 or not shared:
        return total
    gradients = [_flat(loss, shared) for loss in losses]
    projected = torch.stack(_projected(gradients, threshold)).sum(dim=0)
    correction = projected - torch.stack(gradients).sum(dim=0)
    if not bool(correction.any()):
        return total
    # Zero in value, and exactly the correction in gradient.
    flat = torch.cat([parameter.reshape(-1) for parameter in shared])
    return total + ((flat - flat.detach()) * correction).sum()


def _flat(loss: Tensor, parameters: Sequence[nn.Parameter]) -> Tensor:
    found = torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)
    return torch.cat([gradient.reshape(-1) for gradient in found])


def _projected(gradients: Sequence[Tensor], threshold: float) -> list[Tensor]:
    out = []
    for at, own in enumerate(gradients):
        for other_at, other in enumerate(gradients):
            length = other.norm()
            norms = own.norm() * length
            if other_at != at and float(norms) > 0 and float(own @ other / norms) < threshold:
                own = own - (own @ other) / length**2 * other
        out.append(own)
    return out
