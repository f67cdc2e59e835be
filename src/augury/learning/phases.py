"""Phases that leave out blocks of a network, and a curriculum of longer and farther samples.

A network that can be trained in phases says which blocks it can do without (:class:`Switchable`); a task
that can be narrowed says so too (:class:`Narrowable`). Asking for either where there is none is an error:
a switch that nothing is wired to would look like a phase and change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Protocol, runtime_checkable

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.learning.loop.history import EpochRecord
from augury.learning.loop.hooks import Pace
from augury.learning.task import Task


@runtime_checkable
class Switchable(Protocol):
    """A network with blocks it can do without.

    What is off belongs to its ``state_dict``: kept weights bring the network back as it was measured.
    """

    def toggle(self, block: str, on: bool) -> None:
        """Compute a block (``graph``, ``fan``, ``san`` …) or go around it.

        A block that is not computed gets no gradient, and so no step and no decay. An unknown block is a
        ``UsageError``.
        """
        ...


@runtime_checkable
class Narrowable(Protocol):
    """A task whose samples can be made shorter and whose horizons fewer."""

    def narrow(self, steps: int | None, horizons: tuple[int, ...] | None) -> None:
        """Keep the newest ``steps`` of each sample and count only these horizons; None is everything."""
        ...


@dataclass(frozen=True, slots=True)
class Phase:
    """Some epochs with some blocks left out.

    Parameters
    ----------
    name : str
    epochs : int
        At least 1. The last phase lasts as long as the training; ``epochs`` of the settings always binds.
    off : tuple of str
        Blocks left out: not passed through, and not changed by a bit.
    learning_rate : float, optional
        Of the head, in place of the schedule's; the other groups keep their ratio to it.
    clip_norm : float, optional
        In place of the setting.
    """

    name: str
    epochs: int
    off: tuple[str, ...] = ()
    learning_rate: float | None = None
    clip_norm: float | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise UsageError(f"phase '{self.name}' lasts {self.epochs} epochs, needed at least 1")


PHASES: Final = (
    Phase("baseline", 5, off=("graph", "fan", "san"), learning_rate=5e-4),
    Phase("normalisation", 10, off=("graph",)),
    Phase("graph", 8, learning_rate=1e-4),
    Phase("fine_tune", 6, learning_rate=5e-5, clip_norm=0.5),
)
"""The usual walk of a cross-sectional network: first without graph and normalisation, in the end gently."""


class Phases:
    """The hook that walks through phases.

    Parameters
    ----------
    phases : sequence of Phase
        At least one.

    Raises
    ------
    UsageError
        At the first epoch, when the network has no such block.

    Examples
    --------
    >>> [Phases(PHASES).at(epoch).name for epoch in (0, 4, 5, 15, 23, 99)]
    ['baseline', 'baseline', 'normalisation', 'graph', 'fine_tune', 'fine_tune']
    """

    def __init__(self, phases: Sequence[Phase] = PHASES) -> None:
        if not phases:
            raise UsageError("a training in phases needs at least one phase")
        self.phases = tuple(phases)
        self._off: set[str] = set()

    @property
    def blocks(self) -> tuple[str, ...]:
        """Blocks that are off in some phase, in the order they are first named."""
        return tuple(dict.fromkeys(block for phase in self.phases for block in phase.off))

    def at(self, epoch: int) -> Phase:
        """Return the phase an epoch lies in."""
        end = 0
        for phase in self.phases:
            end += phase.epochs
            if epoch < end:
                return phase
        return self.phases[-1]

    def before_epoch(self, epoch: int, task: Task) -> Sequence[Json]:
        """Switch blocks where a phase begins."""
        network, phase = task.network, self.at(epoch)
        if not isinstance(network, Switchable):
            raise UsageError(f"{type(network).__name__} has no blocks that can be switched: train it without phases")
        if epoch == 0:
            # A name that is wrong in the last phase is better refused now than hours later.
            self._off = set()
            for block in self.blocks:
                network.toggle(block, True)
        elif phase is self.at(epoch - 1):
            return ()
        changed = [block for block in self.blocks if (block in phase.off) != (block in self._off)]
        for block in changed:
            network.toggle(block, block not in phase.off)
        self._off = set(phase.off)
        toggled = [{"event": "toggled", "block": block, "on": block not in phase.off} for block in changed]
        return [{"event": "phase", "phase": phase.name, "off": list(phase.off)}, *toggled]

    def after_epoch(self, record: EpochRecord) -> str | None:
        """Never stop a training."""
        return None

    def pace(self, epoch: int, pace: Pace) -> Pace:
        """Set the rate and the clip of the phase."""
        phase = self.at(epoch)
        if phase.clip_norm is not None:
            pace = replace(pace, clip_norm=phase.clip_norm)
        highest = max(pace.rates.values(), default=0.0)
        if phase.learning_rate is None or not highest:
            return pace
        return replace(pace, rates={name: phase.learning_rate * rate / highest for name, rate in pace.rates.items()})


@dataclass(frozen=True, slots=True)
class Lesson:
    """What samples look like from an epoch on; ``None`` is everything there is."""

    epoch: int
    steps: int | None = None
    horizons: tuple[int, ...] | None = None


class Curriculum:
    """The hook that begins with short samples and near horizons.

    Parameters
    ----------
    lessons : sequence of Lesson
        The first at epoch 0, then ascending, e.g. 20, 40 and 60 steps with horizons (1,), (1, 5) and all.
    """

    def __init__(self, lessons: Sequence[Lesson]) -> None:
        starts = [lesson.epoch for lesson in lessons]
        if not starts or starts[0] != 0 or any(b <= a for a, b in pairwise(starts)):
            raise UsageError(f"lessons begin at epochs {starts}: the first is 0, then they ascend")
        self.lessons = {lesson.epoch: lesson for lesson in lessons}

    def before_epoch(self, epoch: int, task: Task) -> Sequence[Json]:
        """Narrow or widen the samples where a lesson begins."""
        if not isinstance(task, Narrowable):
            raise UsageError(f"the samples of {type(task).__name__} cannot be narrowed: train without a curriculum")
        if (lesson := self.lessons.get(epoch)) is None:
            return ()
        task.narrow(lesson.steps, lesson.horizons)
        horizons = None if lesson.horizons is None else list(lesson.horizons)
        return ({"event": "lesson", "steps": lesson.steps, "horizons": horizons},)

    def after_epoch(self, record: EpochRecord) -> str | None:
        """Never stop a training."""
        return None
