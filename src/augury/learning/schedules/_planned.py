"""What schedules share whose rate depends on the epoch alone."""

from __future__ import annotations

import math

from augury.core.errors import UsageError
from augury.core.typing import Json


class Planned:
    """A schedule that is known beforehand: it learns nothing and keeps nothing."""

    def seen(self, value: float) -> None:
        """Learn nothing."""

    def state(self) -> Json:
        """Nothing is kept."""
        return {}

    def restore(self, state: Json) -> None:
        """Nothing is kept."""


def half_cosine(base: float, floor: float, share: float) -> float:
    """Go from the base at share 0 to the floor at share 1, flat at both ends."""
    return floor + (base - floor) * 0.5 * (1.0 + math.cos(math.pi * share))


def refuse_floor(base: float, floor: float) -> None:
    """Refuse a floor that is not below the base.

    Raises
    ------
    UsageError
        With both.
    """
    if not 0.0 <= floor <= base:
        raise UsageError(f"eta_min={floor:g} is not in 0..{base:g}, the learning rate")
