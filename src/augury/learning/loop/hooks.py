"""What may act on a training from outside: hooks, and what they may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from augury.core.typing import Json
from augury.learning.loop.history import EpochRecord
from augury.learning.task import Task


class Hook(Protocol):
    """Something that acts between epochs: releases layers, toggles blocks, prunes a trial.

    A training that is resumed calls its hooks for the epochs already done, with the records that were
    kept, before the weights are read back; so a hook is where it was and has nothing to save.
    """

    def before_epoch(self, epoch: int, task: Task) -> Sequence[Json]:
        """Act at the start of an epoch; return what was done, one object an event.

        An event ``released``, ``toggled`` or ``lesson`` starts the count of early stopping anew.
        """
        ...

    def after_epoch(self, record: EpochRecord) -> str | None:
        """Look at what came out; return a word to stop the training, which becomes ``History.stopped``."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How large the steps of an epoch are.

    Parameters
    ----------
    rates : dict
        Group of parameters to its learning rate, as the schedule has it.
    clip_norm : float
        Largest norm of the gradient; 0 is off.
    """

    rates: dict[str, float]
    clip_norm: float


@runtime_checkable
class PaceHook(Protocol):
    """A hook that also sets the pace: a phase with its own rate, a plan that slows the encoder."""

    def pace(self, epoch: int, pace: Pace) -> Pace:
        """Return the pace of an epoch, given that of the schedule and of the hooks before."""
        ...
