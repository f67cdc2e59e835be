"""What happens when a batch does not fit into memory: it is halved, once for the whole training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, runtime_checkable

import torch
from torch import Tensor

from augury.core.errors import ModelError
from augury.core.typing import Json
from augury.learning.task import Task

_WORDS: Final = ("can't allocate memory", "out of memory", "not enough memory")


@runtime_checkable
class Divisible(Protocol):
    """A task whose batches can be cut into two of half the size."""

    def halves(self, batch: Any) -> Sequence[Any]:
        """Cut a batch in two, the same way whenever it is asked; one that is too small comes back as it is."""
        ...


class Memory:
    """Takes steps, and goes on with halved batches from the first that does not fit.

    Parameters
    ----------
    task : Task
        It may be :class:`Divisible`.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._events: list[Json] = []
        self.halved = False

    def steps(self, batch: Any, step: Callable[[Any], Tensor]) -> list[Tensor]:
        """Take the one step of a batch, or the two of its halves; return their losses.

        Raises
        ------
        ModelError
            Not even half fits, or the batches of the task can not be cut. What is kept in the folder is as it
            was after the last epoch.
        """
        losses: list[Tensor] = []
        for part in self._task.halves(batch) if self.halved and isinstance(self._task, Divisible) else [batch]:
            loss = self._fits(part, step)
            if loss is None:
                break
            losses.append(loss)
        else:
            return losses
        # Here the failed step is over and what it held is free again.
        if self.halved or not isinstance(self._task, Divisible):
            what = "half of the names of a batch do" if self.halved else f"a batch of {type(self._task).__name__} does"
            raise ModelError(
                f"{what} not fit into memory: the state of the last whole epoch is kept",
                fix="lower names_max, days_per_batch or hidden, then train again",
            )
        self.halved = True
        self._events.append({"event": "out_of_memory", "did": "halved"})
        return self.steps(batch, step)

    def events(self) -> list[Json]:
        """Give what happened since the last call."""
        happened, self._events = self._events, []
        return happened

    def _fits(self, batch: Any, step: Callable[[Any], Tensor]) -> Tensor | None:
        """The loss of a step; None when memory was not enough."""
        try:
            return step(batch)
        except (RuntimeError, MemoryError) as error:
            named = isinstance(error, (torch.OutOfMemoryError, MemoryError))
            if not named and not any(words in str(error) for words in _WORDS):
                raise
        return None
