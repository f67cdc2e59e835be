"""A score becomes a frequency, and a frequency becomes a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from augury.core.errors import UsageError
from augury.core.typing import Bools, Floats, Json
from augury.models.ensemble.isotonic import pooled

METHODS: Final = ("isotonic", "platt")
SAID_MIN: Final = 0.05
"""Share of the rows a limit must let through: fewer are luck."""
_NEWTON: Final = 60


@dataclass(frozen=True)
class BinaryCalibration:
    """Logits to probabilities, learnt from rows that taught the body nothing.

    Parameters
    ----------
    method : str
        ``isotonic``: steps that never fall, joined by lines. ``platt``: ``sigmoid(slope z + level)``, which two
        numbers fix, so it suits few rows.
    x, y : tuple of float
        Knots of the steps; slope and level of the curve.

    Notes
    -----
    Zadrozny and Elkan (2002); Platt (1999) with his smoothed targets.
    """

    method: str
    x: tuple[float, ...]
    y: tuple[float, ...]

    @classmethod
    def fit(cls, logits: Floats, hit: Bools, method: str = "isotonic") -> Self:
        """Learn from the scores of a slice and what came."""
        if method not in METHODS:
            raise UsageError(f"calibration '{method}' is not known (known: {', '.join(METHODS)})")
        if method == "platt":
            slope, level = _platt(logits, hit)
            return cls(method, (slope,), (level,))
        places, first, counts = np.unique(np.sort(logits), return_index=True, return_counts=True)
        means = np.add.reduceat(hit[np.argsort(logits, kind="stable")].astype(np.float64), first) / counts
        xs, ys, at = [], [], 0
        for weight, mean, size in pooled(counts.astype(np.float64), means):
            inside = slice(at, at + size)
            xs.append(float(np.average(places[inside], weights=counts[inside])))
            # One outcome more of each kind, so that nothing is impossible or certain.
            ys.append((mean * weight + 1) / (weight + 2))
            at += size
        return cls(method, tuple(xs), tuple(np.maximum.accumulate(ys).tolist()))

    def apply(self, logits: Floats) -> Floats:
        """Return the probabilities of logits."""
        if self.method == "platt":
            return _sigmoid(self.x[0] * logits + self.y[0])
        found: Floats = np.interp(logits, self.x, self.y)
        return found

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {"method": self.method, "x": list(self.x), "y": list(self.y)}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(value["method"], tuple(value["x"]), tuple(value["y"]))


def best_limit(said: Floats, hit: Bools) -> float:
    """Return the probability from which on saying yes is right most beyond chance.

    The largest ``share of hits found - share of others said`` (Youden 1950) among limits that let at least 5 % of the
    rows through; of equal ones the highest.

    Examples
    --------
    >>> best_limit(np.array([0.1, 0.2, 0.6, 0.7]), np.array([False, False, True, True]))
    0.6
    """
    if hit.all() or not hit.any():
        raise UsageError("a limit is chosen among rows of both kinds")
    order = np.argsort(-said, kind="stable")
    found = np.cumsum(hit[order]) / hit.sum() - np.cumsum(~hit[order]) / (~hit).sum()
    last_of_equal = np.append(np.diff(said[order]) != 0, True)
    allowed = last_of_equal & (np.arange(1, len(said) + 1) >= SAID_MIN * len(said))
    return float(said[order][np.argmax(np.where(allowed, found, -np.inf))])


def _platt(logits: Floats, hit: Bools) -> tuple[float, float]:
    n, hits = len(hit), int(hit.sum())
    target = np.where(hit, (hits + 1) / (hits + 2), 1 / (n - hits + 2))
    rows = np.column_stack([logits, np.ones(n)])
    at = np.array([0.0, np.log((hits + 1) / (n - hits + 1))])
    for _ in range(_NEWTON):
        p = _sigmoid(rows @ at)
        bend = (rows * (p * (1 - p))[:, None]).T @ rows + 1e-9 * np.eye(2)
        step = np.linalg.solve(bend, rows.T @ (p - target))
        at = at - step
        if np.abs(step).max() < 1e-10:
            break
    # A curve that falls would turn the body's answer around; then the score says nothing.
    slope = max(0.0, float(at[0]))
    return slope, float(at[1]) if slope else float(np.log((hits + 1) / (n - hits + 1)))


def _sigmoid(x: Floats) -> Floats:
    found: Floats = np.exp(-np.logaddexp(0.0, -x))
    return found
