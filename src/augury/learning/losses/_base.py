"""What every loss is: settings that survive JSON, the unit it expects, and ``forward``."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

from torch import Tensor, nn

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.learning.losses._registry import build

SCALED: Final = "scaled return"
"""A return in standard deviations of the training targets."""
RAW: Final = "return"
"""A return as a fraction."""
ANY: Final = "any return"
"""Either: the loss has no constant with a unit."""
CLASS: Final = "class"
"""A code 0..K-1."""
BINARY: Final = "binary"
"""0 or 1."""
UNITS: Final = (SCALED, RAW, ANY, CLASS, BINARY)

_FOLDER: Final = "augury.learning.losses."


class Loss(nn.Module):
    """A loss that can be written down and built again, and that knows what it is to be fed.

    Subclasses pass every constructor argument to ``super().__init__`` by name.

    Attributes
    ----------
    UNIT : str
        Of the targets, one of ``UNITS``.
    READS : str
        What of a network it reads: ``score``, ``quantiles``, ``logits``, ``horizons``, or a head by name.

    Raises
    ------
    UsageError
        A setting that JSON cannot hold, or a number that is not finite.
    """

    UNIT: ClassVar[str] = ANY
    READS: ClassVar[str] = "score"

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.settings: Json = {name: _plain(name, value) for name, value in settings.items()}

    @property
    def target_unit(self) -> str:
        """The unit its targets must have."""
        return self.UNIT

    def config(self) -> Json:
        """Write the loss down; ``from_config`` gives it back exactly, after JSON too."""
        kind = type(self)
        shipped = kind.__module__.startswith(_FOLDER)
        name = kind.__module__.removeprefix(_FOLDER) if shipped else kind.__name__
        return {"loss": name, "settings": copy.deepcopy(self.settings)}

    @classmethod
    def from_config(cls, config: str | Json) -> Self:
        """Build the loss that was written down.

        Raises
        ------
        UsageError
            The config is of another kind of loss.
        """
        loss = build(config)
        if not isinstance(loss, cls):
            raise UsageError(f"{cls.__name__} was asked for, the config is of {type(loss).__name__}")
        return loss

    def check_head(self, unit: str, gives: str | None = None) -> None:
        """Refuse a head whose targets have another unit, or that gives something else.

        Parameters
        ----------
        unit : str
            Of the head's targets.
        gives : str, optional
            What the head gives; compared with ``READS``.

        Raises
        ------
        UsageError
            With both.

        Examples
        --------
        >>> build("huber").check_head("return")
        Traceback (most recent call last):
            ...
        augury.core.errors.UsageError: loss 'huber' expects targets in 'scaled return', the head's are 'return'
        """
        name, expected = self.config()["loss"], self.target_unit
        if unit not in UNITS:
            raise UsageError(f"'{unit}' is no unit of a target (known: {', '.join(UNITS)})")
        if unit != expected and not (expected == ANY and unit in (SCALED, RAW)):
            raise UsageError(f"loss '{name}' expects targets in '{expected}', the head's are '{unit}'")
        if gives is not None and gives != self.READS:
            raise UsageError(f"loss '{name}' reads {self.READS}, the head gives {gives}")

    def fit(self, targets: Tensor) -> Self:
        """Learn from the **training** targets what the loss needs of them; most need nothing.

        What was learnt becomes part of the settings.
        """
        return self


def _plain(name: str, value: Any) -> Any:
    """A setting as JSON holds it: mappings whose keys are not text become pairs, losses their configs."""
    if isinstance(value, Loss):
        return value.config()
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value):
            return {key: _plain(name, item) for key, item in value.items()}
        return [[_plain(name, key), _plain(name, item)] for key, item in value.items()]
    if hasattr(value, "tolist"):
        return _plain(name, value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(name, item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"setting '{name}' is {value}: a loss needs finite numbers")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise UsageError(f"setting '{name}' is a {type(value).__name__}, which a config cannot hold")
