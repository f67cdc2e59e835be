"""Everything that changes while a network is trained, in one place: what a checkpoint must hold."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from augury.core.errors import UsageError
from augury.core.hashing import sha256_json
from augury.core.typing import Json
from augury.learning.loop.averaging import Average, Copy, write_over
from augury.learning.loop.history import EpochRecord
from augury.learning.loop.hooks import Pace
from augury.learning.loop.memory import Memory
from augury.learning.loop.precision import Precision
from augury.learning.loop.stopping import Patience
from augury.learning.optim import build_optimizer
from augury.learning.schedules import build_schedule
from augury.learning.settings import TrainingSettings
from augury.learning.task import Task


@runtime_checkable
class HasSideModules(Protocol):
    """A task with modules beside the network that remember something: a loss with weights of its own."""

    def side_modules(self) -> Mapping[str, nn.Module]:
        """Name the modules; their tensors are kept and restored with the network's."""
        ...


@runtime_checkable
class HasIdentity(Protocol):
    """A task that can be told from another with the same network: by its data."""

    def identity(self) -> Json:
        """What makes it this training: the hash of the data, the split, the target."""
        ...


class Training:
    """One training in progress.

    Parameters
    ----------
    task : Task
    settings : TrainingSettings

    Raises
    ------
    UsageError
        The groups of the task do not hold every parameter of the network exactly once.
    """

    def __init__(self, task: Task, settings: TrainingSettings) -> None:
        self.task = task
        self.settings = settings
        groups = task.groups()
        self.parameters = [parameter for group in groups.values() for parameter in group]
        _refuse_lost(task.network, self.parameters)
        self.device = self.parameters[0].device
        self.schedule = build_schedule(settings)
        self.optimizer = build_optimizer(groups, settings)
        self.precision = Precision(settings.precision, self.device)
        self.memory = Memory(task)
        self.patience = Patience(settings.patience, 0 if settings.stop_before_unfreeze else settings.last_stage)
        self.modules = {"network": task.network} | dict(task.side_modules() if isinstance(task, HasSideModules) else {})
        held = {id(parameter) for module in self.modules.values() for parameter in module.parameters()}
        self._loose = {
            f"group.{name}.{at}": parameter
            for name, group in groups.items()
            for at, parameter in enumerate(group)
            if id(parameter) not in held
        }
        self.trained = {name: tensor for name, tensor in self.live().items() if isinstance(tensor, nn.Parameter)}
        self.average = Average(self.trained, settings.ema) if settings.ema else None
        self.best = Copy(self.live())
        self.records: list[EpochRecord] = []
        self.stopped: str | None = None

    @property
    def done(self) -> bool:
        """Whether there is nothing left to train."""
        return self.stopped is not None or len(self.records) >= self.settings.epochs

    def live(self) -> dict[str, Tensor]:
        """Every tensor of the network, of the parts and of the groups, as it is now."""
        found: dict[str, Tensor] = dict(self._loose)
        for name, module in self.modules.items():
            found |= {f"{name}.{key}": tensor for key, tensor in module.state_dict(keep_vars=True).items()}
        return found

    def put(self, tensors: Mapping[str, Tensor]) -> None:
        """Make the tensors what :meth:`live` gave earlier."""
        for name, module in self.modules.items():
            own = {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
            module.load_state_dict(own)
        write_over(self._loose, {name: tensors[name] for name in self._loose})

    def pace(self, epoch: int) -> Pace:
        """Return the pace the schedule and the settings give an epoch."""
        rate, factor = self.schedule.rate(epoch), self.settings.encoder_rate
        names = [group["name"] for group in self.optimizer.param_groups]
        rates = {name: rate * (factor if name.startswith("encoder") else 1.0) for name in names}
        return Pace(rates, self.settings.clip_norm)

    def set_rates(self, rates: Mapping[str, float]) -> dict[str, float]:
        """Give each group its rate; return them with 0 for groups that are frozen."""
        shown = {}
        for group in self.optimizer.param_groups:
            group["lr"] = rates[group["name"]]
            shown[group["name"]] = group["lr"] if any(p.requires_grad for p in group["params"]) else 0.0
        return shown

    def measure(self) -> dict[str, float]:
        """Measure the select slice in float32, with the averaged weights where there are some."""
        network = self.task.network
        network.eval()
        with self._averaged(), torch.no_grad():
            return dict(self.task.measures())

    def keep_best(self) -> None:
        """Remember the weights that were just measured."""
        with self._averaged():
            self.best.take(self.live())

    def _averaged(self) -> AbstractContextManager[None]:
        return self.average.in_place_of(self.trained) if self.average else nullcontext()

    def identity(self) -> str:
        """Hash what makes this training this one: settings, tensors, groups and the task's own word."""
        settings = self.settings.to_json()
        # How many threads and how far ahead is about the machine; the rest is about the result.
        kept = {key: value for key, value in settings.items() if key not in ("threads", "workers")}
        shapes = {name: [str(tensor.dtype), *tensor.shape] for name, tensor in self.live().items()}
        groups = {g["name"]: [list(p.shape) for p in g["params"]] for g in self.optimizer.param_groups}
        own = self.task.identity() if isinstance(self.task, HasIdentity) else {}
        return sha256_json({"settings": kept, "tensors": shapes, "groups": groups, "task": own})


def _refuse_lost(network: nn.Module, parameters: list[nn.Parameter]) -> None:
    held = [id(parameter) for parameter in parameters]
    lost = [name for name, parameter in network.named_parameters() if id(parameter) not in set(held)]
    if lost or len(held) != len(set(held)):
        what = f"{', '.join(lost)} in no group" if lost else "a parameter is in two groups"
        raise UsageError(f"the groups of a task hold every parameter once: {what}")


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Split the state of an optimiser into tensors and plain numbers, by ``index.key``."""
    flat = {
        f"{index}.{key}": value
        for index, values in optimizer.state_dict()["state"].items()
        for key, value in values.items()
    }
    tensors = {key: value for key, value in flat.items() if isinstance(value, Tensor)}
    return tensors, {key: value for key, value in flat.items() if not isinstance(value, Tensor)}


def restore_optimizer(optimizer: torch.optim.Optimizer, flat: Mapping[str, Any]) -> None:
    """Take back what :func:`optimizer_tensors` split."""
    state: dict[int, dict[str, Any]] = {}
    for name, value in flat.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
