"""A ranker that begins from an encoder pre-trained on days: loaded tensor by tensor, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from augury.core.clock import iso
from augury.core.errors import LeakError, UsageError
from augury.core.typing import Ints, Json
from augury.learning.samplers import PanelSamples
from augury.learning.settings import TrainingSettings
from augury.learning.transfer import TransferReport, load_encoder
from augury.learning.transfer.files import read_encoder
from augury.learning.unfreezing import ENCODER_RATE, SCHEDULE, Unfreezing
from augury.models.deep.network import Network


@dataclass(frozen=True)
class PanelTransfer:
    """Which encoder a ranker begins from, and how much of it may move.

    Parameters
    ----------
    path : Path
        What ``augury pretrain --kind panel`` wrote, or its folder.
    unfreeze : int or tuple of int
        Epochs of release, see :class:`~augury.learning.unfreezing.Unfreezing`, default 10, 20, 30; -1 is trainable
        from the start, 0 never.
    encoder_rate : float
        Learning rate of the encoder over that of the head, 0..1, default 0.1: larger forgets sooner.
    """

    path: Path
    unfreeze: int | tuple[int, ...] = SCHEDULE
    encoder_rate: float = ENCODER_RATE

    def training(self, settings: TrainingSettings) -> TrainingSettings:
        """Return settings of a training that follows the schedule."""
        stages = self._stages()
        return settings.replace(encoder_rate=self.encoder_rate, unfreeze=list(stages))

    def hook(self, settings: TrainingSettings) -> Unfreezing:
        """What releases the encoder, and checks after each epoch that the rest stood still."""
        return Unfreezing(self.unfreeze, max_epochs=settings.epochs, encoder_rate=self.encoder_rate)

    def load(self, module: Network, samples: PanelSamples, select_days: Ints) -> TransferReport:
        """Put the encoder into a network.

        Raises
        ------
        TransferMismatch
            A tensor is missing or of another shape, or the columns are others.
        UsageError
            The file does not say up to which day it was pre-trained.
        LeakError
            It was pre-trained on days that choose or judge.
        """
        file = read_encoder(self.path)
        until = file.facts.get("data_until")
        if not isinstance(until, str):
            raise UsageError(
                f"{file.path} does not say up to which day it was pre-trained",
                fix="augury pretrain --kind panel --data FILE --output-dir DIR",
            )
        first = samples.days[int(select_days[0])]
        if datetime.fromisoformat(until).replace(tzinfo=UTC) >= first:
            raise LeakError(
                f"{file.path.name} was pre-trained on days until {until}, the select slice begins on {iso(first)}",
                fix=f"augury pretrain --kind panel --until {first:%Y-%m-%d} --data FILE --output-dir DIR",
            )
        return load_encoder(module, self.path, freeze=self.unfreeze != -1, feature_set=samples.manifest_hash)

    def lines(self, report: TransferReport, settings: TrainingSettings) -> list[str]:
        """Say what was loaded, when it is released, and at which rates it learns."""
        when = ", ".join(f"epoch {epoch} {stage}" for epoch, stage in self.hook(settings).stages.items())
        idle = "never" if self.unfreeze == 0 else "trainable from the start"
        head = settings.learning_rate
        return [
            report.lines()[0],
            f"unfreezing scheduled: {when or idle}",
            f"learning rates: encoder {head * self.encoder_rate:g}, head {head:g}",
        ]

    def to_json(self) -> Json:
        """Write as a JSON object."""
        schedule = self.unfreeze if isinstance(self.unfreeze, int) else list(self.unfreeze)
        return {"path": str(self.path), "unfreeze": schedule, "encoder_rate": self.encoder_rate}

    @classmethod
    def from_json(cls, value: Json) -> PanelTransfer:
        """Read what :meth:`to_json` wrote."""
        schedule = value["unfreeze"]
        return cls(
            Path(value["path"]), schedule if isinstance(schedule, int) else tuple(schedule), value["encoder_rate"]
        )

    def _stages(self) -> Sequence[int]:
        if not isinstance(self.unfreeze, int):
            return self.unfreeze
        return (self.unfreeze,) if self.unfreeze > 0 else ()
