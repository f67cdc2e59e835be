"""Divergence: how far train, validation and live accuracy of one version lie apart."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from augury.core.typing import Json
from augury.proof.drift.thresholds import load_thresholds
from augury.proof.limits import Limits

GRADES: Final = ("none", "notice", "warning", "critical")


@dataclass(frozen=True, slots=True)
class Divergence:
    """One pair of slices.

    Parameters
    ----------
    earlier, later : str
        ``train``, ``validation`` or ``live``.
    lost : float
        Accuracy of the earlier less that of the later, a fraction.
    grade : str
        One of ``GRADES``.
    """

    earlier: str
    later: str
    lost: float
    grade: str

    def text(self) -> str:
        """One line for people.

        Examples
        --------
        >>> Divergence("train", "live", 0.21, "warning").text()
        'train to live -21.0 points (warning)'
        """
        return f"{self.earlier} to {self.later} {-self.lost * 100:+.1f} points ({self.grade})"

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)


def divergences(
    train: float | None, validation: float | None, live: float | None, thresholds: Limits | None = None
) -> list[Divergence]:
    """Grade what is lost between each two slices that are known; a boundary belongs to the milder grade.

    Parameters
    ----------
    train, validation, live : float or None
        Accuracies; None where nothing was measured.
    thresholds : Limits, optional

    Examples
    --------
    >>> [one.text() for one in divergences(0.9, 0.6, None)]
    ['train to validation -30.0 points (warning)']
    >>> [one.grade for one in divergences(0.56, 0.55, 0.39)]
    ['none', 'notice', 'notice']
    """
    limits = thresholds or load_thresholds()
    known = [
        (name, value)
        for name, value in (("train", train), ("validation", validation), ("live", live))
        if value is not None
    ]
    return [
        Divergence(earlier, later, before - after, _grade(before - after, limits))
        for place, (earlier, before) in enumerate(known)
        for later, after in known[place + 1 :]
    ]


def worst_grade(found: list[Divergence]) -> str:
    """Return the hardest grade; ``none`` without any.

    Examples
    --------
    >>> worst_grade(divergences(0.95, 0.6, 0.5))
    'critical'
    """
    return max((one.grade for one in found), key=GRADES.index, default="none")


def _grade(lost: float, limits: Limits) -> str:
    above = [grade for grade in GRADES[1:] if lost > limits[f"divergence.{grade}"] + 1e-9]
    return above[-1] if above else "none"
