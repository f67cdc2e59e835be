"""The one loop every network is trained by."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.learning.loop.history import EpochRecord, History
from augury.learning.optim import OPTIMIZERS
from augury.learning.schedules import SCHEDULES
from augury.learning.settings import TrainingSettings
from augury.learning.task import Task

STEPS_MIN = 100
"""Fewer steps than this hardly teach anything: the history warns ``too_few_steps``."""


class Hook(Protocol):
    """Something that acts between epochs: releases layers, toggles blocks, prunes a trial."""

    def before_epoch(self, epoch: int, task: Task) -> Sequence[Json]:
        """Act at the start of an epoch; return what was done, one object an event."""
        ...

    def after_epoch(self, record: EpochRecord) -> str | None:
        """Look at what came out; return a word to stop the training, which becomes ``History.stopped``."""
        ...


def fit(
    task: Task,
    settings: TrainingSettings,
    *,
    folder: Path | None = None,
    hooks: Iterable[Hook] = (),
) -> History:
    """Train a task; in the end its network has the weights of the best epoch.

    Parameters
    ----------
    task : Task
    settings : TrainingSettings
    folder : Path, optional
        Where the state is kept after each epoch. A training that was cut off there goes on, and ends as
        if it had not been.
    hooks : iterable of Hook
        In the order they act.

    Raises
    ------
    UsageError
        ``settings.watch`` is not among the measures, or a folder holds another training.
    """
    torch.set_num_threads(settings.threads)
    chain = list(hooks)
    groups = task.groups()
    schedule = SCHEDULES.load(settings.schedule)(settings.learning_rate, settings.epochs, **settings.schedule_settings)
    optimizer = OPTIMIZERS.load(settings.optimizer)(
        [{"params": parameters, "name": name} for name, parameters in groups.items()],
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        **settings.optimizer_settings,
    )
    records: list[EpochRecord] = []
    best, best_value, kept, stopped, waited_for = 0, float("inf"), _weights(task.network), "epochs", 0
    for epoch in range(settings.epochs):
        events = [event for hook in chain for event in hook.before_epoch(epoch, task)]
        if any(event.get("event") == "released" for event in events):
            waited_for = 0
        rates = _set_rates(optimizer, schedule.rate(epoch), settings.encoder_rate)
        loss, steps, seconds, waited = _train_epoch(task, optimizer, epoch, settings)
        record = EpochRecord(epoch, loss, _measured(task), rates, steps, seconds, waited, tuple(events))
        records.append(record)
        value = _watched(record, settings)
        schedule.seen(value)
        if value < best_value:
            best, best_value, kept, waited_for = epoch, value, _weights(task.network), 0
        else:
            waited_for += 1
        words = [word for hook in chain if (word := hook.after_epoch(record))]
        if words or (settings.patience and waited_for >= settings.patience):
            stopped = words[0] if words else "patience"
            break
    task.network.load_state_dict(kept)
    warnings = ("too_few_steps",) if sum(record.steps for record in records) < STEPS_MIN else ()
    return History(tuple(records), best, stopped, warnings=warnings)


def _train_epoch(
    task: Task, optimizer: torch.optim.Optimizer, epoch: int, settings: TrainingSettings
) -> tuple[float, int, float, float]:
    """Mean loss, steps, wall seconds, seconds spent waiting for batches."""
    task.network.train()
    begun, total, steps, waited = time.perf_counter(), 0.0, 0, 0.0
    for batch, seconds in _timed(task.batches(epoch)):
        waited += seconds
        optimizer.zero_grad(set_to_none=True)
        loss = task.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        if settings.clip_norm:
            nn.utils.clip_grad_norm_([p for p in task.network.parameters() if p.grad is not None], settings.clip_norm)
        optimizer.step()
        total, steps = total + float(loss.detach()), steps + 1
    return total / max(1, steps), steps, time.perf_counter() - begun, waited


def _timed(batches: Iterator[Any]) -> Iterator[tuple[Any, float]]:
    while True:
        begun = time.perf_counter()
        try:
            batch = next(batches)
        except StopIteration:
            return
        yield batch, time.perf_counter() - begun


def _set_rates(optimizer: torch.optim.Optimizer, rate: float, encoder_rate: float) -> dict[str, float]:
    rates = {}
    for group in optimizer.param_groups:
        group["lr"] = rate * (encoder_rate if group["name"].startswith("encoder") else 1.0)
        rates[group["name"]] = group["lr"] if any(p.requires_grad for p in group["params"]) else 0.0
    return rates


def _measured(task: Task) -> dict[str, float]:
    task.network.eval()
    with torch.no_grad():
        return dict(task.measures())


def _watched(record: EpochRecord, settings: TrainingSettings) -> float:
    if settings.watch not in record.measures:
        raise UsageError(f"nothing measures '{settings.watch}' (measured: {', '.join(sorted(record.measures))})")
    value = record.measures[settings.watch]
    return -value if settings.larger_is_better else value


def _weights(network: nn.Module) -> Mapping[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
