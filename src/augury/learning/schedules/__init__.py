"""Schedules of the learning rate, one a file: ``SCHEDULE(base, epochs, *, ...)`` gives a :class:`Schedule`.

Its settings are its keyword arguments.
"""

from typing import Any, Final, Protocol

from augury.core.catalog import Catalog
from augury.core.typing import Json
from augury.learning.keywords import refuse_unknown
from augury.learning.settings import TrainingSettings


class Schedule(Protocol):
    """The learning rate of the head, epoch by epoch."""

    def __init__(self, base: float, epochs: int, **settings: Any) -> None:
        """Take the rate of the settings and how many epochs are planned."""
        ...

    def rate(self, epoch: int) -> float:
        """Return the rate of an epoch, counted from 0."""
        ...

    def seen(self, value: float) -> None:
        """Learn what was watched after an epoch; smaller is better, whichever measure it is."""
        ...

    def state(self) -> Json:
        """What a resumed training needs."""
        ...

    def restore(self, state: Json) -> None:
        """Take back what :meth:`state` gave."""
        ...


SCHEDULES: Final = Catalog[type[Schedule]]("schedule", ("augury.learning.schedules",), "SCHEDULE")


def build_schedule(settings: TrainingSettings) -> Schedule:
    """Build the schedule of the settings.

    Raises
    ------
    UnknownName
        No such schedule.
    UsageError
        It has no such setting, or a value is out of range.
    """
    make = SCHEDULES.load(settings.schedule)
    refuse_unknown(f"schedule '{settings.schedule}'", make, settings.schedule_settings)
    return make(settings.learning_rate, settings.epochs, **settings.schedule_settings)


__all__ = ["SCHEDULES", "Schedule", "build_schedule"]
