"""The one loop every network is trained by."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from augury.core.errors import InsufficientHistory, UsageError
from augury.core.typing import Json
from augury.learning.loop.checkpoint import Checkpoint
from augury.learning.loop.gradients import clip
from augury.learning.loop.history import EpochRecord, History
from augury.learning.loop.hooks import Hook, PaceHook
from augury.learning.loop.loading import timed
from augury.learning.loop.precision import refuse_infinite
from augury.learning.loop.surroundings import own_surroundings, seed_epoch
from augury.learning.loop.training import Training
from augury.learning.settings import TrainingSettings
from augury.learning.task import Task

STEPS_MIN = 100
"""Fewer steps than this hardly teach anything: the history warns ``too_few_steps``."""


def fit(
    task: Task,
    settings: TrainingSettings,
    *,
    folder: Path | None = None,
    hooks: Iterable[Hook] = (),
) -> History:
    """Train a task; in the end its network has the weights of the best epoch.

    The result depends on the task, the settings and the hooks, not on the random state of the caller.

    Parameters
    ----------
    task : Task
        It may also have :class:`~augury.learning.loop.training.HasSideModules` and ``HasIdentity``.
    settings : TrainingSettings
    folder : Path, optional
        Where the state is kept after each epoch. A training that was cut off there goes on, and ends as
        if it had not been; one that was done gives its history again.
    hooks : iterable of Hook
        In the order they act; one that is also a ``PaceHook`` sets rates and clipping.

    Raises
    ------
    UsageError
        ``settings.watch`` is not among the measures, or a folder holds another training.
    ModelError
        The loss is not finite in float32.
    """
    chain = list(hooks)
    with own_surroundings(settings.threads):
        training = Training(task, settings)
        checkpoint = Checkpoint(folder, training) if folder else None
        if checkpoint:
            _replay(chain, task, checkpoint.records)
            checkpoint.restore()
        while not training.done:
            _epoch(training, chain)
            if checkpoint:
                checkpoint.keep()
        training.put(training.best.tensors)
    return _history(training)


def _replay(chain: Sequence[Hook], task: Task, records: Sequence[EpochRecord]) -> None:
    for record in records:
        for hook in chain:
            hook.before_epoch(record.epoch, task)
        for hook in chain:
            hook.after_epoch(record)


def _epoch(training: Training, chain: Sequence[Hook]) -> None:
    """Train and measure one epoch, and decide whether it was the last."""
    epoch, settings, patience = len(training.records), training.settings, training.patience
    seed_epoch(settings.seed, epoch)
    events = [event for hook in chain for event in hook.before_epoch(epoch, training.task)]
    if any(event["event"] in ("released", "toggled", "lesson") for event in events):
        patience.restart()
    pace = training.pace(epoch)
    for hook in chain:
        pace = hook.pace(epoch, pace) if isinstance(hook, PaceHook) else pace
    rates = training.set_rates(pace.rates)
    loss, steps, seconds, waited = _steps(training, epoch, pace.clip_norm)
    measures, undefined = _measures(training)
    events += training.precision.events() + training.memory.events() + undefined
    record = EpochRecord(epoch, loss, measures, rates, steps, seconds, waited, tuple(events))
    training.records.append(record)
    value = measures.get(settings.watch, math.inf)
    value = -value if settings.larger_is_better and math.isfinite(value) else value
    training.schedule.seen(value)
    if patience.better(epoch, value):
        training.keep_best()
    words = [word for hook in chain if (word := hook.after_epoch(record))]
    training.stopped = words[0] if words else "patience" if patience.over(epoch) else None


def _steps(training: Training, epoch: int, clip_norm: float) -> tuple[float, int, float, float]:
    """Mean loss, steps, wall seconds, seconds spent waiting for batches."""
    task = training.task
    task.network.train()
    begun, steps, waited = time.perf_counter(), 0, 0.0
    total = torch.zeros((), dtype=torch.float64, device=training.device)
    for batch, seconds in timed(iter(task.batches(epoch)), training.settings.workers):
        for loss in training.memory.steps(batch, lambda part: _step(training, part, clip_norm)):
            # The sum stays on its device: reading it at each step would stop an accelerator's queue.
            total += loss
            steps += 1
        waited += seconds
    if not steps:
        raise InsufficientHistory(f"epoch {epoch} has no batch: there is nothing to train on")
    mean = float(total) / steps
    refuse_infinite(mean)
    return mean, steps, time.perf_counter() - begun, waited


def _step(training: Training, batch: Any, clip_norm: float) -> Tensor:
    """Learn from one batch and return its loss."""
    optimizer, precision = training.optimizer, training.precision
    optimizer.zero_grad(set_to_none=True)
    loss = precision.loss(training.task, batch)
    precision.backward(loss, optimizer)
    clip(training.parameters, clip_norm)
    precision.step(optimizer)
    if training.average:
        training.average.follow(training.trained)
    return loss.detach()


def _measures(training: Training) -> tuple[dict[str, float], list[Json]]:
    """What was measured, and an event for each measure that is not a number."""
    measured = training.measure()
    if training.settings.watch not in measured:
        known = ", ".join(sorted(measured))
        raise UsageError(f"nothing measures '{training.settings.watch}' (measured: {known})")
    finite = {name: float(value) for name, value in measured.items() if math.isfinite(value)}
    return finite, [{"event": "undefined", "measure": name} for name in measured if name not in finite]


def _history(training: Training) -> History:
    steps = sum(record.steps for record in training.records)
    return History(
        tuple(training.records),
        training.patience.best_epoch,
        training.stopped or "epochs",
        training.precision.name,
        ("too_few_steps",) if steps < STEPS_MIN else (),
    )
