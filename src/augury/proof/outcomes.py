"""What a forecast is worth once its day has come: realised return, label, coverage, losses and one word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.errors import DataError
from augury.core.forecast import QUANTILES
from augury.core.labelspec import CODES, LABELS
from augury.core.typing import Floats

TOLERANCES: Final = ((3.0, 0.01), (10.0, 0.02), (30.0, 0.04), (90.0, 0.06), (float("inf"), 0.10))
"""Longest horizon in sessions, and the error of the return up to which a forecast is a full hit."""
_BANDS: Final = {50: ("q25", "q75"), 80: ("q10", "q90"), 95: ("q025", "q975")}


def tolerance(sessions: float) -> float:
    """Return the error up to which a forecast of a horizon is a full hit; twice as much is a directional hit.

    Parameters
    ----------
    sessions : float
        Length of the horizon in sessions of its market, above 0.

    Examples
    --------
    >>> [tolerance(sessions) for sessions in (0.6, 3, 5, 30, 31, 120)]
    [0.01, 0.01, 0.02, 0.04, 0.06, 0.1]
    """
    return next(limit for longest, limit in TOLERANCES if sessions <= longest + 1e-9)


def realised_label(returned: float, threshold: float) -> str:
    """Name the class of a simple return, as the label spec does: a return of exactly the threshold is NEUTRAL.

    Examples
    --------
    >>> [realised_label(value, 0.009) for value in (0.02, 0.009, -0.01)]
    ['BULLISH', 'NEUTRAL', 'BEARISH']
    """
    return "BULLISH" if returned > threshold else "BEARISH" if returned < -threshold else "NEUTRAL"


def outcome_of(label: str, realised: str, returned: float, error: float, within: float) -> str:
    """Say in one word what became of a forecast.

    A direction is right when the price moved that way, by however little; how near the return came then
    decides. A NEUTRAL forecast named no direction and is judged by its label alone.

    Parameters
    ----------
    label, realised : str
        What was said and what came, of ``LABELS``.
    returned : float
        Realised simple return.
    error : float
        Realised less expected return.
    within : float
        Tolerance of the horizon (:func:`tolerance`).

    Examples
    --------
    >>> [outcome_of("BULLISH", "BULLISH", 0.05, error, 0.02) for error in (0.02, -0.04, 0.041)]
    ['FULL_HIT', 'DIRECTIONAL_HIT', 'DIRECTIONAL_ONLY']
    >>> outcome_of("BEARISH", "BULLISH", 0.05, 0.0, 0.02), outcome_of("NEUTRAL", "NEUTRAL", 0.001, 0.5, 0.02)
    ('MISS', 'FULL_HIT')
    """
    if label == "NEUTRAL":
        return "FULL_HIT" if realised == label else "MISS"
    if not returned * CODES[LABELS.index(label)] > 0:
        return "MISS"
    # 0.04 - 0.02 is 0.020000000000000004 in binary: a boundary belongs to the milder side.
    if abs(error) <= within + 1e-12:
        return "FULL_HIT"
    return "DIRECTIONAL_HIT" if abs(error) <= 2 * within + 1e-12 else "DIRECTIONAL_ONLY"


@dataclass(frozen=True)
class Losses:
    """The scores that need no word, one value a forecast.

    Parameters
    ----------
    covered : dict
        50, 80 and 95 to whether that band held the outcome, ends included.
    pinball : (n,)
        Mean pinball loss over the quantiles, a return.
    brier : (n,)
        Squared error of the three probabilities, 0..2.
    """

    covered: Mapping[int, np.ndarray[tuple[int], np.dtype[np.bool_]]]
    pinball: Floats
    brier: Floats


def losses(returned: Floats, quantiles: Mapping[str, Floats], proba: Floats, realised: list[str]) -> Losses:
    """Score bands, quantiles and probabilities of many forecasts at once.

    Parameters
    ----------
    returned : (n,)
        Realised simple returns, finite.
    quantiles : mapping
        ``QUANTILES`` names to (n,) returns.
    proba : (n, 3)
        Bearish, neutral, bullish.
    realised : list of str
        What came, of ``LABELS``.

    Raises
    ------
    DataError
        A realised return that is not finite: a missing outcome is pending, not scored.

    Examples
    --------
    >>> ladder = {name: np.array([level - 0.5]) for name, level in QUANTILES.items()}
    >>> found = losses(np.array([0.3]), ladder, np.array([[0.2, 0.3, 0.5]]), ["BULLISH"])
    >>> {level: bool(held[0]) for level, held in found.covered.items()}, round(float(found.brier[0]), 2)
    ({50: False, 80: True, 95: True}, 0.38)
    """
    if not np.isfinite(returned).all():
        raise DataError("a realised return is not finite: a forecast without its outcome stays pending")
    covered = {
        level: (returned >= quantiles[low]) & (returned <= quantiles[high]) for level, (low, high) in _BANDS.items()
    }
    each = [
        np.maximum(level * (returned - quantiles[name]), (level - 1) * (returned - quantiles[name]))
        for name, level in QUANTILES.items()
    ]
    came = np.array([[label == name for name in LABELS] for label in realised], dtype=np.float64).reshape(-1, 3)
    return Losses(covered, np.mean(each, axis=0), ((proba - came) ** 2).sum(axis=1))
