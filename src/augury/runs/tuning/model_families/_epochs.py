"""A training told to its study epoch by epoch, so that the median can stop it in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from augury.core.typing import Json
from augury.learning.loop import EpochRecord
from augury.learning.task import Task
from augury.runs.tuning.family import Report


@dataclass(frozen=True, slots=True)
class TellEpochs:
    """Reports a measure of the select slice after each epoch.

    Parameters
    ----------
    report : callable
        Of the trial; raises when it is pruned.
    watch : str
        The measure.
    first : int
        Step of epoch 0.
    """

    report: Report
    watch: str
    first: int = 0

    def before_epoch(self, epoch: int, task: Task) -> Sequence[Json]:
        """Do nothing."""
        return ()

    def after_epoch(self, record: EpochRecord) -> str | None:
        """Report the epoch."""
        if self.watch in record.measures:
            self.report(self.first + record.epoch, record.measures[self.watch])
        return None
