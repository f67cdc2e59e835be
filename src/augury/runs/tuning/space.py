"""What may be chosen: a dimension knows its range and how a sampler is asked for a value of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Dimension(Protocol):
    """One setting that is searched."""

    def suggest(self, trial: Any, name: str) -> Any:
        """Ask a trial of Optuna for a value."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values, each a text, a number or a truth value."""

    values: tuple[str | int | float | bool, ...]

    def suggest(self, trial: Any, name: str) -> Any:
        """Ask for one of the values."""
        return trial.suggest_categorical(name, list(self.values))


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from ``low`` to ``high``, both included; ``log`` searches ratios rather than differences."""

    low: int
    high: int
    log: bool = False

    def suggest(self, trial: Any, name: str) -> Any:
        """Ask for a whole number."""
        return trial.suggest_int(name, self.low, self.high, log=self.log)


@dataclass(frozen=True, slots=True)
class Real:
    """A number from ``low`` to ``high``; ``log`` searches ratios rather than differences."""

    low: float
    high: float
    log: bool = False

    def suggest(self, trial: Any, name: str) -> Any:
        """Ask for a number."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)


Space = Mapping[str, Dimension]
"""Setting to dimension, asked in this order."""


def suggested(space: Space, trial: Any) -> dict[str, Any]:
    """Ask a trial for a value of every setting."""
    return {name: dimension.suggest(trial, name) for name, dimension in space.items()}
