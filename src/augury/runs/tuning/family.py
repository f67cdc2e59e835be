"""The shape of a family, and the record of a study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Protocol

from augury.core.errors import UsageError
from augury.core.hashing import sha256_json
from augury.core.seeds import DEFAULT_SEED
from augury.core.suggestion import did_you_mean
from augury.core.typing import Json
from augury.proof.holdout import Guard
from augury.runs.tuning.metrics import TrialMetrics
from augury.runs.tuning.space import Space

Report = Callable[[int, float], None]
"""Called with the number of a step (a fold, an epoch) and the objective so far; raises when the trial is pruned."""


@dataclass(frozen=True, slots=True)
class StudySpec:
    """What is searched, on which data; it does not change once a study has begun.

    Parameters
    ----------
    name : str
        Of the study: letters, digits, ``.``, ``_``, ``-``.
    family : str
        Of ``runs/tuning/model_families``.
    data : dict
        What the family reads: ``symbol``, ``timeframe``, ``horizon`` of the lake, or ``file``.
    objective : str
        Of ``runs/tuning/metrics``.
    fixed : dict
        Settings that are not searched.
    epochs : int
        Of a network, at least 1.
    folds : int
        Inner folds, 2..10.
    trial_seconds : float
        A trial that takes longer has failed; 0 is no limit.
    seed : int
    """

    name: str
    family: str
    data: dict[str, Any]
    objective: str = "rank_ic"
    fixed: dict[str, Any] = field(default_factory=dict)
    epochs: int = 10
    folds: int = 3
    trial_seconds: float = 0.0
    seed: int = DEFAULT_SEED

    def __post_init__(self) -> None:
        if not self.name or not all(letter.isalnum() or letter in "._-" for letter in self.name) or self.name[0] == ".":
            raise UsageError(f"a study cannot be called {self.name!r}: letters, digits, '.', '_' and '-' are allowed")
        if self.epochs < 1 or not 2 <= self.folds <= 10 or self.trial_seconds < 0:
            raise UsageError(
                f"epochs={self.epochs} is at least 1, folds={self.folds} in 2..10, "
                f"trial_seconds={self.trial_seconds} >= 0"
            )

    @property
    def hash(self) -> str:
        """Content hash (64 hex)."""
        return sha256_json(self.to_json())

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Json) -> StudySpec:
        """Read a JSON object; unknown keys are errors."""
        known = [item.name for item in fields(cls)]
        for key in value:
            if key not in known:
                raise UsageError(f"unknown setting '{key}'{did_you_mean(key, known)} (known: {', '.join(known)})")
        return cls(**value)


class Family(Protocol):
    """One kind of model: what may be chosen, and what a choice is worth."""

    @property
    def objective(self) -> str:
        """The objective when none is asked for."""
        ...

    def space(self) -> Space:
        """Return what is searched."""
        ...

    def rows(self, spec: StudySpec, lake: str, guard: Guard) -> Any:
        """Read the data of a study, without its report slice and without what is sealed.

        Raises
        ------
        HoldoutSealed
            Sealed rows were asked for.
        """
        ...

    def dataset(self, spec: StudySpec, rows: Any) -> tuple[str, str, int]:
        """Name of the dataset and its data version, for the trial ledger, and the bars of the horizon."""
        ...

    def score(self, rows: Any, params: Json, spec: StudySpec, report: Report) -> TrialMetrics:
        """Fit and measure one choice on inner folds; report the objective after each step."""
        ...
