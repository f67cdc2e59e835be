"""The settings of one training of a network, complete: nothing else changes the result."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from augury.core.errors import UsageError
from augury.core.suggestion import did_you_mean
from augury.core.typing import Json

PRECISIONS: Final = ("float32", "bf16", "fp16", "auto")
"""``auto`` is bf16 where the processor computes in it, else float32."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a network is trained, whichever it is.

    Parameters
    ----------
    epochs : int
        Upper bound, at least 1; it always binds.
    learning_rate : float
        Of the head, above 0. Larger learns faster and less steadily.
    encoder_rate : float
        Factor on it for the groups called ``encoder...``, 0..1.
    weight_decay : float
        Decoupled, of trainable parameters only.
    optimizer, schedule : str
        Names of ``learning/optim`` and ``learning/schedules``.
    optimizer_settings, schedule_settings : dict
        What differs from their defaults.
    clip_norm : float
        Gradients are scaled down to this norm; 0 is off.
    patience : int
        Epochs without a better ``watch`` before training stops; 0 is off.
    watch : str
        The measure of the select slice that decides which epoch is kept.
    larger_is_better : bool
        Of ``watch``.
    precision : str
        One of ``PRECISIONS``; a loss that is not finite falls back to float32 and says so.
    ema : float
        Decay of averaged weights used for measuring and kept in the end, 0 is off; 0.999 is usual.
    unfreeze : tuple of int
        Epochs at whose start the last encoder layer, the whole encoder, and all the rest are released.
        Empty: everything is trainable from the start.
    stop_before_unfreeze : bool
        Whether patience may end a training whose last stage of ``unfreeze`` is still to come.
    threads : int
        Of the numeric library, at least 1, never above the cores.
    workers : int
        Batches made ahead in a thread; 0 is the safe mode, where each is made when it is needed. The
        result is the same.
    seed : int
        Of weights, order and dropout.

    Examples
    --------
    >>> TrainingSettings(epochs=3).replace(learning_rate=1e-3).learning_rate
    0.001
    >>> TrainingSettings.from_json({"learing_rate": 1.0})
    Traceback (most recent call last):
        ...
    augury.core.errors.UsageError: unknown setting 'learing_rate', did you mean 'learning_rate'? ...
    """

    epochs: int = 60
    learning_rate: float = 5e-4
    encoder_rate: float = 1.0
    weight_decay: float = 1e-4
    optimizer: str = "adamw"
    optimizer_settings: dict[str, Any] = field(default_factory=dict)
    schedule: str = "constant"
    schedule_settings: dict[str, Any] = field(default_factory=dict)
    clip_norm: float = 1.0
    patience: int = 20
    watch: str = "loss"
    larger_is_better: bool = False
    precision: str = "float32"
    ema: float = 0.0
    unfreeze: tuple[int, ...] = ()
    stop_before_unfreeze: bool = False
    threads: int = 2
    workers: int = 0
    seed: int = 1337

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.patience < 0 or self.threads < 1 or self.workers < 0:
            raise UsageError(
                f"epochs={self.epochs} and threads={self.threads} are at least 1, "
                f"patience={self.patience} and workers={self.workers} not below 0"
            )
        if not (
            self.learning_rate > 0 and 0 <= self.encoder_rate <= 1 and self.weight_decay >= 0 and self.clip_norm >= 0
        ):
            raise UsageError(
                f"learning_rate={self.learning_rate} is above 0, encoder_rate={self.encoder_rate} in 0..1, "
                f"weight_decay={self.weight_decay} and clip_norm={self.clip_norm} not below 0"
            )
        if self.precision not in PRECISIONS or not 0 <= self.ema < 1:
            raise UsageError(
                f"precision={self.precision!r} is one of {', '.join(PRECISIONS)}; ema={self.ema} in [0, 1)"
            )
        if any(b <= a for a, b in zip(self.unfreeze, self.unfreeze[1:], strict=False)) or any(
            e < 0 for e in self.unfreeze
        ):
            raise UsageError(f"unfreeze={list(self.unfreeze)} must ascend from 0")
        if self.unfreeze and self.epochs <= self.unfreeze[0]:
            raise UsageError(
                f"unfreeze={list(self.unfreeze)} would never begin in epochs={self.epochs}: "
                "train longer, begin earlier, or leave unfreeze empty"
            )

    @property
    def last_stage(self) -> int:
        """The epoch at whose start the last stage of ``unfreeze`` begins; 0 without stages."""
        return self.unfreeze[-1] if self.unfreeze else 0

    def replace(self, **changes: Any) -> TrainingSettings:
        """Return settings with some changed."""
        return TrainingSettings.from_json(self.to_json() | changes)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self) | {"unfreeze": list(self.unfreeze)}

    @classmethod
    def from_json(cls, value: Json) -> TrainingSettings:
        """Read a JSON object; unknown keys are errors.

        Raises
        ------
        UsageError
            An unknown key, with the nearest one, or a value out of range.
        """
        known = [item.name for item in fields(cls)]
        for key in value:
            if key not in known:
                raise UsageError(f"unknown setting '{key}'{did_you_mean(key, known)} (known: {', '.join(known)})")
        return cls(**(value | {"unfreeze": tuple(value.get("unfreeze", ()))}))
