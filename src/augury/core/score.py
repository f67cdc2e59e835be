"""A score: never a number alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from augury.core.typing import Json

ENOUGH: Final = 50
"""Below this many effective observations a score is printed as ``insufficient``."""


@dataclass(frozen=True, slots=True)
class Score:
    """A value beside its baseline, its sample size and its 95 % interval.

    Parameters
    ----------
    name : str
        The metric, e.g. ``accuracy``.
    value : float
    low, high : float or None
        Ends of the 95 % interval of ``value``; None when undefined.
    baseline : float or None
        The same metric of the best baseline on the same rows.
    n : int
        Rows.
    n_eff : float
        Rows that count: overlapping horizons of h bars count n / h.
    slice : str
        ``fit``, ``select`` or ``report``; only ``report`` may be quoted.

    Examples
    --------
    >>> Score("accuracy", 0.52, 0.41, 0.63, 0.50, n=75, n_eff=75.0).text()
    '0.520 [0.410, 0.630] vs 0.500, n=75'
    >>> Score("accuracy", 0.7, 0.48, 0.86, 0.5, n=20, n_eff=20.0).text()
    'insufficient (n=20)'
    """

    name: str
    value: float
    low: float | None
    high: float | None
    baseline: float | None
    n: int
    n_eff: float
    slice: str = "report"

    @property
    def sufficient(self) -> bool:
        """False below ``ENOUGH`` effective observations."""
        return self.n_eff >= ENOUGH

    def text(self, digits: int = 3) -> str:
        """One cell of a table."""
        if not self.sufficient:
            return f"insufficient (n={int(self.n_eff)})"
        interval = "" if self.low is None or self.high is None else f" [{self.low:.{digits}f}, {self.high:.{digits}f}]"
        against = "" if self.baseline is None else f" vs {self.baseline:.{digits}f}"
        return f"{self.value:.{digits}f}{interval}{against}, n={self.n}"

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: Json) -> Score:
        """Read what :meth:`to_json` wrote."""
        return cls(**value)


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate: what was measured, against which limit.

    ``effect`` says what failing does: ``refuse`` stops promotion, ``insufficient`` and ``abstain``
    let bands through and withhold the direction, ``note`` is only shown.
    """

    code: str
    passed: bool
    effect: str
    message: str
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gates decided; travels with the version.

    Parameters
    ----------
    word : str
        ``skill`` (direction and bands), ``calibrated_only`` (bands; direction abstains),
        ``insufficient`` (too few independent rows; bands only) or ``refused``.
    gates : tuple of GateResult
        Every gate, passed or not.

    Examples
    --------
    >>> Verdict.of((GateResult("BETTER", False, "abstain", "not better than majority"),)).word
    'calibrated_only'
    """

    word: str
    gates: tuple[GateResult, ...] = ()

    @classmethod
    def of(cls, gates: tuple[GateResult, ...]) -> Verdict:
        """Derive the word from the gates: the hardest failed effect wins."""
        failed = {gate.effect for gate in gates if not gate.passed}
        for effect, word in (("refuse", "refused"), ("insufficient", "insufficient"), ("abstain", "calibrated_only")):
            if effect in failed:
                return cls(word, gates)
        return cls("skill", gates)

    @property
    def failed(self) -> tuple[GateResult, ...]:
        """The gates that did not pass and have an effect; a ``note`` is only shown."""
        return tuple(gate for gate in self.gates if not gate.passed and gate.effect != "note")

    def to_json(self) -> Json:
        """Write as a JSON object."""
        gates = [{name: getattr(gate, name) for name in GateResult.__slots__} for gate in self.gates]
        return {"word": self.word, "gates": gates}

    @classmethod
    def from_json(cls, value: Json) -> Verdict:
        """Read what :meth:`to_json` wrote."""
        return cls(value["word"], tuple(GateResult(**gate) for gate in value["gates"]))
