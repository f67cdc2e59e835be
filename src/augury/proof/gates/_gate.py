"""What a gate is: a code, an effect, and one measurement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from augury.core.score import GateResult
from augury.proof.evidence import Evidence
from augury.proof.limits import Limits


class Reading(NamedTuple):
    """What a gate measured. ``message`` reads as a reason when it failed and as a fact when it passed."""

    passed: bool
    message: str
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Gate:
    """One suspicion.

    Parameters
    ----------
    code : str
        Upper case, stable for programs.
    effect : str
        What failing does: ``refuse`` stops the version, ``insufficient`` and ``abstain`` let bands
        through and withhold the direction, ``note`` is only shown.
    measure : callable
        Evidence and limits to a reading.
    """

    code: str
    effect: str
    measure: Callable[[Evidence, Limits], Reading]

    def __call__(self, evidence: Evidence, limits: Limits) -> GateResult:
        """Measure, and write the reading down under this gate's name."""
        passed, message, value, limit = self.measure(evidence, limits)
        return GateResult(self.code, bool(passed), self.effect, message, value, limit)
