"""What happened in a training, epoch by epoch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from augury.core.typing import Json


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One epoch.

    Parameters
    ----------
    epoch : int
        From 0.
    loss : float
        Mean over the training batches.
    measures : dict
        Of the select slice.
    rates : dict
        Group of parameters to its learning rate; a frozen group has 0.
    steps : int
        Steps of the optimiser.
    seconds, waited : float
        Wall time, and the part of it spent waiting for batches.
    events : tuple of dict
        What was released, toggled, reset or fell back at its start or in it.
    """

    epoch: int
    loss: float
    measures: dict[str, float]
    rates: dict[str, float]
    steps: int
    seconds: float
    waited: float
    events: tuple[Json, ...] = ()

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self) | {"events": list(self.events)}

    @classmethod
    def from_json(cls, value: Json) -> EpochRecord:
        """Read what :meth:`to_json` wrote."""
        return cls(**(value | {"events": tuple(value["events"])}))


@dataclass(frozen=True, slots=True)
class History:
    """A whole training.

    Parameters
    ----------
    epochs : tuple of EpochRecord
    best_epoch : int
        The epoch whose weights the network has now. Its measures chose it, so they are never the
        reported figures.
    stopped : str
        ``epochs`` (all were done), ``patience``, or what a hook asked for.
    precision : str
        What was computed in at the end.
    warnings : tuple of str
        e.g. ``too_few_steps``.
    """

    epochs: tuple[EpochRecord, ...]
    best_epoch: int
    stopped: str
    precision: str = "float32"
    warnings: tuple[str, ...] = field(default=())

    @property
    def best(self) -> EpochRecord:
        """The record of the epoch that was kept."""
        return self.epochs[self.best_epoch]

    @property
    def steps(self) -> int:
        """Steps of the optimiser in all epochs."""
        return sum(record.steps for record in self.epochs)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {
            "epochs": [record.to_json() for record in self.epochs],
            "best_epoch": self.best_epoch,
            "stopped": self.stopped,
            "precision": self.precision,
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_json(cls, value: Json) -> History:
        """Read what :meth:`to_json` wrote."""
        records = tuple(EpochRecord.from_json(record) for record in value["epochs"])
        return cls(records, value["best_epoch"], value["stopped"], value["precision"], tuple(value["warnings"]))
