"""Has a served version given up? Collapse, a one-sided habit and dead heads among produced forecasts.

Training and registration look for the same (``learning.loop.collapse`` and the gates CONSTANT, ONE_SIDED,
SIGN_BALANCE and DEAD_HEAD); here they are looked for among what was said, and need no outcome to see most of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from augury.core.errors import DataError
from augury.core.labelspec import LABELS
from augury.core.typing import Floats, Json, Probabilities
from augury.proof.drift.thresholds import load_thresholds
from augury.proof.limits import Limits, load_limits


@dataclass(frozen=True, slots=True)
class Habit:
    """One fault of the answers.

    Parameters
    ----------
    code : str
        ``COLLAPSED``, ``ONE_SIDED``, ``ONE_CLASS`` or ``DEAD_HEAD``; stable for programs.
    message : str
    value, limit : float
        What was measured, and what it was held against.
    """

    code: str
    message: str
    value: float
    limit: float

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Answers:
    """Forecasts of one cell and version in order of time.

    Parameters
    ----------
    proba : (n, 3)
        Bearish, neutral, bullish.
    expected_returns : (n,)
    realised_returns : (m,)
        What the market did over the same time, as far as it is known; may be empty.
    realised_labels : (m,) of int
        Places in ``LABELS``.
    """

    proba: Probabilities
    expected_returns: Floats
    realised_returns: Floats
    realised_labels: Floats

    def __post_init__(self) -> None:
        rows = len(self.expected_returns)
        if self.proba.shape != (rows, len(LABELS)) or len(self.realised_returns) != len(self.realised_labels):
            raise DataError(f"answers of shape {self.proba.shape} do not match {rows} expected returns")
        if not (np.isfinite(self.proba).all() and np.isfinite(self.expected_returns).all()):
            raise DataError("answers hold numbers that are not finite")


def habits(answers: Answers, thresholds: Limits | None = None) -> list[Habit]:
    """Name what is wrong with answers; empty when nothing is, or when there are too few to tell.

    Parameters
    ----------
    answers : Answers
        Bands-only forecasts left out: their constant is meant.
    thresholds : Limits, optional

    Examples
    --------
    >>> same = np.tile([0.2, 0.3, 0.5], (60, 1))
    >>> rng = np.random.default_rng(0)
    >>> market = rng.normal(size=60) / 100
    >>> labels = rng.integers(0, 3, 60).astype(float)
    >>> [habit.code for habit in habits(Answers(same, np.full(60, 0.01), market, labels))]
    ['COLLAPSED', 'COLLAPSED', 'ONE_SIDED', 'ONE_CLASS']
    """
    limits = thresholds or load_thresholds()
    if len(answers.proba) < limits["answers.rows_min"]:
        return []
    return [*_collapsed(answers, limits), *_one_sided(answers, limits), *_one_class(answers, limits), *_dead(answers)]


def _collapsed(answers: Answers, limits: Limits) -> Iterator[Habit]:
    least = load_limits()["constant.sd_min"]
    if (spread := float(answers.proba.std(axis=0).max())) < least:
        yield Habit("COLLAPSED", f"probabilities stand still (sd {spread:.2g} < {least:g})", spread, least)
    if len(answers.realised_returns) < limits["answers.rows_min"] or not (moved := _sd(answers.realised_returns)):
        return
    ratio, least = _sd(answers.expected_returns) / moved, limits["answers.spread_ratio"]
    if ratio < least:
        yield Habit("COLLAPSED", f"expected returns stand still (spread ratio {ratio:.2g} < {least:g})", ratio, least)


def _one_sided(answers: Answers, limits: Limits) -> Iterator[Habit]:
    limit, taken = limits["answers.sign_share"], answers.expected_returns[answers.expected_returns != 0]
    if len(taken) < limits["answers.rows_min"] or _share_of_sign(answers.realised_returns) > limit:
        return
    if (share := _share_of_sign(taken)) > limit:
        side = "up" if taken[0] > 0 else "down"
        yield Habit("ONE_SIDED", f"{share:.1%} of the expected returns point {side} (limit {limit:.0%})", share, limit)


def _one_class(answers: Answers, limits: Limits) -> Iterator[Habit]:
    limit, named = limits["answers.class_share"], answers.proba.argmax(axis=1)
    counts = np.bincount(named, minlength=len(LABELS))
    share, place = float(counts.max() / len(named)), int(counts.argmax())
    # A market that was that one-sided itself is no fault of the answers.
    came = float(np.mean(answers.realised_labels == place)) if len(answers.realised_labels) else 0.0
    if share > limit and came <= limit:
        yield Habit("ONE_CLASS", f"{share:.1%} of the answers are {LABELS[place]} (limit {limit:.0%})", share, limit)


def _dead(answers: Answers) -> Iterator[Habit]:
    gates, spreads = load_limits(), answers.proba.std(axis=0)
    widest = float(spreads.max())
    for place, label in enumerate(LABELS):
        ratio = float(spreads[place]) / widest if widest >= gates["constant.sd_min"] else 1.0
        if ratio < (least := gates["dead_head.spread_min"]):
            yield Habit("DEAD_HEAD", f"{label} moves {ratio:.2g} as much as the livest head", ratio, least)
            continue
        came = float(np.mean(answers.realised_labels == place)) if len(answers.realised_labels) else 0.0
        most, share = float(answers.proba[:, place].max()), gates["dead_head.answer_min"]
        if came >= gates["dead_head.base_min"] and most < share * came:
            fact = f"{label} came true in {came:.1%} and never got more than {most:.2%}"
            yield Habit("DEAD_HEAD", fact, most / came, share)


def _sd(values: Floats) -> float:
    return float(np.std(values)) if len(values) else 0.0


def _share_of_sign(values: Floats) -> float:
    return max(float(np.mean(values > 0)), float(np.mean(values < 0))) if len(values) else 0.0
