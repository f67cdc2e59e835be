"""Confidence as a frequency: one monotone curve a class, or ``raw`` where too few outcomes are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from augury.core.errors import DataError
from augury.core.labelspec import CODES
from augury.core.typing import Codes, Floats, Json, Probabilities

OUTCOMES_MIN: Final = 200
"""Independent outcomes below which a curve would follow noise."""
Curve = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class IsotonicCalibration:
    """Probabilities moved to the frequencies they had out of fold, each class by a curve of its own.

    Parameters
    ----------
    curves : tuple of Curve
        For each class the said probability, ascending, and the frequency, not descending; empty
        when ``raw``. Between the places it is linear, beyond them it stays.
    n_eff : float
        Independent outcomes behind them.

    Examples
    --------
    >>> said = np.array([[0.1, 0.1, 0.8], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]] * 200)
    >>> codes = np.tile(np.array([1, 0, -1, 0, -1, 1], np.int8), 100)
    >>> calibration = IsotonicCalibration.fit(said, codes, n_eff=600)
    >>> calibration.raw, calibration.apply(said[:1]).round(2).tolist()
    (False, [[0.25, 0.25, 0.5]])
    >>> IsotonicCalibration.fit(said, codes, n_eff=120).raw
    True

    Notes
    -----
    Zadrozny and Elkan (2002), one class against the rest and normalised. Ours differs: the steps
    are joined by lines, so that two nearly equal answers stay nearly equal, and one outcome against
    the trend is added at each end, so that no class is ever impossible or certain.
    """

    curves: tuple[Curve, ...]
    n_eff: float

    @property
    def raw(self) -> bool:
        """True when nothing was moved: the confidence is the members' own and must be shown as such."""
        return not self.curves

    @classmethod
    def fit(cls, proba: Probabilities, codes: Codes, n_eff: float, least: float = OUTCOMES_MIN) -> Self:
        """Learn the curves from rows the members had not seen.

        Parameters
        ----------
        proba : array (n, 3)
            Out-of-fold probabilities of one horizon.
        codes : array (n,)
        n_eff : float
            Independent rows among them, ``n / h``.
        least : float
            Independent rows needed, default 200; below it the answer is ``raw``.
        """
        if len(proba) != len(codes) or not np.isfinite(proba).all():
            raise DataError(f"{len(proba)} rows of probabilities and {len(codes)} outcomes carry no calibration")
        if n_eff < least:
            return cls((), n_eff)
        hits = [(codes == code).astype(np.float64) for code in CODES]
        return cls(tuple(_curve(proba[:, at], hit) for at, hit in enumerate(hits)), n_eff)

    def apply(self, proba: Probabilities) -> Probabilities:
        """Return the calibrated probabilities, rows summing to 1; unchanged when ``raw``."""
        if self.raw:
            return proba
        moved = np.column_stack([np.interp(proba[:, at], *curve) for at, curve in enumerate(self.curves)])
        total: Probabilities = moved / moved.sum(axis=1, keepdims=True)
        return total

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {"n_eff": self.n_eff, "curves": [[list(x), list(y)] for x, y in self.curves]}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(tuple((tuple(x), tuple(y)) for x, y in value["curves"]), value["n_eff"])


def pooled(weights: Floats, values: Floats) -> list[tuple[float, float, int]]:
    """Pool adjacent violators: blocks of (weight, mean, values pooled) whose means do not descend.

    Examples
    --------
    >>> pooled(np.ones(4), np.array([0.0, 1.0, 0.0, 1.0]))
    [(1.0, 0.0, 1), (2.0, 0.5, 2), (1.0, 1.0, 1)]
    """
    blocks: list[tuple[float, float, int]] = []
    for weight, value in zip(weights.tolist(), values.tolist(), strict=True):
        block = (weight, value, 1)
        while blocks and blocks[-1][1] >= block[1]:
            left = blocks.pop()
            total = left[0] + block[0]
            block = (total, (left[0] * left[1] + block[0] * block[1]) / total, left[2] + block[2])
        blocks.append(block)
    return blocks


def _curve(said: Floats, hit: Floats) -> Curve:
    order = np.argsort(said, kind="stable")
    # One outcome against the trend at each end: see the class.
    x = np.concatenate([[said.min()], said[order], [said.max()]])
    y = np.concatenate([[1.0], hit[order], [0.0]])
    places, first, counts = np.unique(x, return_index=True, return_counts=True)
    means = np.add.reduceat(y, first) / counts
    knots_x, knots_y, at = [], [], 0
    for _, mean, size in pooled(counts.astype(np.float64), means):
        inside = slice(at, at + size)
        knots_x.append(float(np.average(places[inside], weights=counts[inside])))
        knots_y.append(mean)
        at += size
    return tuple(knots_x), tuple(knots_y)
