"""Releasing a transferred encoder step by step: only ``requires_grad`` is toggled, nothing is rebuilt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from augury.core.errors import ModelError, UsageError
from augury.core.typing import Json
from augury.learning.loop.history import EpochRecord
from augury.learning.loop.hooks import Pace
from augury.learning.settings import TrainingSettings
from augury.learning.task import Task

SCHEDULE: Final = (10, 20, 30)
"""Epochs, from 0, at whose start the last encoder layer, the whole encoder and all the rest are released."""
ENCODER_RATE: Final = 0.1
"""Learning rate of the encoder over that of the head."""
WARM_UP: Final = 0.5
"""Factor on every rate in the first epoch of a stage."""
STAGES: Final = ("last encoder layer", "whole encoder", "everything")
PLANS: Final[Mapping[str, Json]] = {
    "flat": {"unfreeze": SCHEDULE, "encoder_rate": ENCODER_RATE, "schedule": "constant", "schedule_settings": {}},
    "phases": {
        "unfreeze": (11, 18, 26),
        "encoder_rate": 0.2,
        "learning_rate": 1e-3,
        "schedule": "steps",
        "schedule_settings": {"factors": {"11": 0.5}},
    },
}
"""Named plans as settings of a training. ``phases``: epochs 0-10 head 1e-3, from 11 gradual at 5e-4, and from 26
everything, the encoder at 1e-4."""
_RATIO: Final = 1e-9


def planned(settings: TrainingSettings, plan: str) -> TrainingSettings:
    """Return settings with a named plan of releases and rates.

    Raises
    ------
    UsageError
        No such plan.

    Examples
    --------
    >>> planned(TrainingSettings(epochs=60), "flat").unfreeze
    (10, 20, 30)
    """
    if plan not in PLANS:
        raise UsageError(f"unknown plan '{plan}' of unfreezing (known: {', '.join(PLANS)})")
    return settings.replace(**PLANS[plan])


class Unfreezing:
    """A hook of the loop that keeps the encoder frozen and releases it by schedule.

    Parameters
    ----------
    schedule : int or sequence of int
        ``[e1, e2, e3]`` as in :data:`SCHEDULE`, or fewer; or one number: -1 trainable from the start, 0 never,
        above 0 the whole encoder at that epoch.
    max_epochs : int
        Of the training: one that ends before the first stage is refused.
    encoder_rate : float
        Checked after each epoch: every released encoder group learns at this share of the head's rate.
    frozen : tuple of str
        Beginnings of the names of groups that are frozen at first.
    stop_before_unfreeze : bool
        Written into the log; the loop obeys the setting of the same name.

    Attributes
    ----------
    events : list of dict
        What happened: ``event`` (``scheduled`` or ``released``), ``epoch``, ``stage``, ``groups``, ``tensors``,
        ``trainable`` (numbers), ``rates`` by group. At each release early stopping counts anew, and for one epoch
        every rate is half of what is planned: what was released has no history of gradients yet.

    Examples
    --------
    >>> Unfreezing([2, 4, 6], max_epochs=8).stages
    {2: 'last encoder layer', 4: 'whole encoder', 6: 'everything'}
    >>> Unfreezing([10, 20, 30], max_epochs=10)
    Traceback (most recent call last):
        ...
    augury.core.errors.UsageError: 10 epochs end before epoch 10 releases the encoder: the schedule would never run
    """

    def __init__(
        self,
        schedule: int | Sequence[int] = SCHEDULE,
        *,
        max_epochs: int,
        encoder_rate: float = ENCODER_RATE,
        frozen: Sequence[str] = ("encoder",),
        stop_before_unfreeze: bool = False,
    ) -> None:
        self.schedule = schedule if isinstance(schedule, int) else tuple(schedule)
        self.stages = _stages(schedule)
        self.encoder_rate, self.frozen, self.stop_before_unfreeze = encoder_rate, tuple(frozen), stop_before_unfreeze
        self.events: list[Json] = []
        self._kept: dict[str, list[Tensor]] = {}
        self._task: Task | None = None
        if self.stages and max_epochs <= min(self.stages):
            first = min(self.stages)
            raise UsageError(
                f"{max_epochs} epochs end before epoch {first} releases the encoder: the schedule would never run"
            )

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs of the stages: what ``TrainingSettings.unfreeze`` is told, so that patience waits for the last."""
        return tuple(self.stages)

    def before_epoch(self, epoch: int, task: Task) -> Sequence[Json]:
        """Freeze or release by the stage an epoch belongs to; a resumed training finds the same state."""
        groups = task.groups()
        free = self._free(epoch, groups)
        earlier = self._free(epoch - 1, groups) if epoch else set()
        for name, parameters in groups.items():
            for parameter in parameters:
                parameter.requires_grad_(name in free)
        self._task, self._kept = task, {name: _copies(groups[name]) for name in groups if name not in free}
        if epoch and epoch not in self.stages:
            return []
        event = self._event(epoch, task, [name for name in groups if name in free - earlier])
        self.events.append(event)
        return [event]

    def pace(self, epoch: int, pace: Pace) -> Pace:
        """Warm up in the first epoch of each stage; the encoder keeps its share of the head's rate."""
        if epoch not in self.stages:
            return pace
        return Pace({name: WARM_UP * rate for name, rate in pace.rates.items()}, pace.clip_norm)

    def after_epoch(self, record: EpochRecord) -> str | None:
        """Check that frozen weights are, bit for bit, what they were, and that rates were as planned.

        Raises
        ------
        ModelError
            A frozen weight moved, or a rate is another.
        """
        if self.events and self.events[-1]["epoch"] == record.epoch:
            self.events[-1]["rates"] = dict(record.rates)
        self._check_still()
        head = max((rate for name, rate in record.rates.items() if not name.startswith("encoder")), default=0.0)
        for name, rate in record.rates.items():
            wanted = 0.0 if name in self._kept else head * self.encoder_rate
            if (name.startswith("encoder") or name in self._kept) and abs(rate - wanted) > _RATIO * head:
                raise ModelError(f"epoch {record.epoch}: group {name} learned at {rate:g}, planned {wanted:g}")
        return None

    def _check_still(self) -> None:
        groups = {} if self._task is None else self._task.groups()
        for name, tensors in self._kept.items():
            if not all(torch.equal(a, b) for a, b in zip(groups[name], tensors, strict=True)):
                raise ModelError(f"the frozen group {name} was changed by training")

    def _free(self, epoch: int, groups: Mapping[str, Any]) -> set[str]:
        """Names of the groups that are trainable in an epoch."""
        held = [name for name in groups if name.startswith(self.frozen)]
        layers = [name for name in held if name.startswith("encoder")]
        free = set(groups) - set(held)
        if self.schedule == -1:
            return set(groups)
        for at, stage in self.stages.items():
            if epoch >= at:
                free |= set({STAGES[0]: layers[:1], STAGES[1]: layers, STAGES[2]: held}[stage])
        return free

    def _event(self, epoch: int, task: Task, released: list[str]) -> Json:
        names = {id(parameter): name for name, parameter in task.network.named_parameters()}
        groups = task.groups()
        event: Json = {
            "event": "released" if epoch in self.stages else "scheduled",
            "epoch": epoch,
            "groups": released,
            "tensors": [names.get(id(p), name) for name in released for p in groups[name]],
            "trainable": sum(p.numel() for members in groups.values() for p in members if p.requires_grad),
        }
        if epoch in self.stages:
            return event | {"stage": self.stages[epoch]}
        stages = {str(at): stage for at, stage in self.stages.items()}
        return event | {"stages": stages, "stop_before_unfreeze": self.stop_before_unfreeze}


def _stages(schedule: int | Sequence[int]) -> dict[int, str]:
    if isinstance(schedule, int):
        if schedule < -1:
            raise UsageError(f"unfreeze_schedule={schedule} is -1 (from the start), 0 (never) or the epoch of release")
        return {schedule: STAGES[1]} if schedule > 0 else {}
    epochs = list(schedule)
    if not 1 <= len(epochs) <= len(STAGES) or any(b <= a for a, b in zip([0, *epochs], epochs, strict=False)):
        raise UsageError(f"unfreeze_schedule={epochs} must be one to three ascending epochs above 0, e.g. [10, 20, 30]")
    return dict(zip(epochs, STAGES, strict=False))


def _copies(parameters: Sequence[nn.Parameter]) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in parameters]
