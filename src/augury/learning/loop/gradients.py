"""Does the gradient reach every tensor?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn
from torch.nn.utils import clip_grad_norm_

from augury.core.errors import ModelError
from augury.learning.task import Task


def clip(parameters: Iterable[nn.Parameter], norm: float) -> None:
    """Scale the gradients down to a norm, together; 0 is off, and what has no gradient does not count."""
    if norm:
        clip_grad_norm_(parameters, norm)


@dataclass(frozen=True, slots=True)
class GradientFlow:
    """The norm of the gradient of each trainable tensor after one batch.

    Parameters
    ----------
    norms : dict
        Name of the tensor to the norm of its gradient; 0 where none arrived.
    """

    norms: dict[str, float]

    @property
    def dead(self) -> tuple[str, ...]:
        """Tensors that learn nothing: no gradient, zero, or not finite."""
        return tuple(name for name, norm in self.norms.items() if not (math.isfinite(norm) and norm > 0))

    def __str__(self) -> str:
        """Write ``18/18``, and which tensors are dead."""
        alive = f"{len(self.norms) - len(self.dead)}/{len(self.norms)}"
        return f"{alive}, dead: {', '.join(self.dead)}" if self.dead else alive

    def refuse_dead(self) -> None:
        """Refuse a network with a tensor that learns nothing.

        Raises
        ------
        ModelError
            With the name of each.
        """
        if self.dead:
            raise ModelError(f"gradient reaches {self}: a part that is not wired to the loss never learns")


def gradient_flow(task: Task, epoch: int = 0) -> GradientFlow:
    """Measure the gradients of the first batch of an epoch; weights and gradients are as before.

    Frozen tensors are not asked for.

    Parameters
    ----------
    task : Task
    epoch : int
        Whose first batch is taken.
    """
    trainable = {name: p for name, p in task.network.named_parameters() if p.requires_grad}
    before = {name: p.grad for name, p in trainable.items()}
    was_training = task.network.training
    task.network.train()
    try:
        for parameter in trainable.values():
            parameter.grad = None
        task.loss(next(iter(task.batches(epoch)))).backward()  # type: ignore[no-untyped-call]
        norms = {name: 0.0 if p.grad is None else float(p.grad.norm()) for name, p in trainable.items()}
    finally:
        task.network.train(was_training)
        for name, parameter in trainable.items():
            parameter.grad = before[name]
    return GradientFlow(norms)
