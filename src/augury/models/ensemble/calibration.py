"""How far the members' answer is believed: one shrinkage for probabilities, one for the centre.

Both are the positive-part James-Stein rule ``max(0, 1 - 1 / t^2)`` with ``t`` counted on
independent rows: an effect no larger than its own noise is not used at all.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Final, Self

import numpy as np

from augury.core.labelspec import CODES
from augury.core.typing import Codes, Floats, Json, Probabilities

_STEPS: Final = 60


def believed(t_squared: float) -> float:
    """Share of an estimated effect to keep: ``max(0, 1 - 1 / t^2)``.

    Examples
    --------
    >>> believed(0.5), believed(4.0)
    (0.0, 0.75)
    """
    return max(0.0, 1 - 1 / t_squared) if t_squared > 0 else 0.0


def frequencies(codes: Codes) -> Floats:
    """Class frequencies in the order of ``LABELS``, each class counted once more than seen.

    Examples
    --------
    >>> frequencies(np.array([1, 1, 0], np.int8)).round(3).tolist()
    [0.167, 0.333, 0.5]
    """
    counts = np.array([(codes == code).sum() for code in CODES], dtype=np.float64) + 1
    shares: Floats = counts / counts.sum()
    return shares


@dataclass(frozen=True)
class ProbabilityShrinkage:
    """Pull probabilities toward the class frequencies: ``p' = (1 - keep) * prior + keep * p``.

    Parameters
    ----------
    prior : tuple of 3 floats
        Out-of-fold class frequencies.
    keep : float
        In [0, 1]; 0 answers the frequencies, 1 the members.
    """

    prior: tuple[float, float, float]
    keep: float

    @classmethod
    def fit(cls, proba: Probabilities, codes: Codes, n_eff: float) -> Self:
        """Find the ``keep`` of least out-of-fold log loss, then shrink it by its own significance.

        The log loss is convex in ``keep``, so bisection of its derivative finds the minimum. The
        gain over ``keep = 0``, counted on ``n_eff`` rows, is the ``t^2`` of :func:`believed`.

        Parameters
        ----------
        proba : (n, 3)
            Out-of-fold.
        codes : (n,)
        n_eff : float
            Independent rows, ``n / h``.
        """
        prior = frequencies(codes)
        rows = np.arange(len(codes))
        places = codes.astype(np.int64) + 1
        base = prior[places]
        step = proba[rows, places] - base
        low, high = 0.0, 1.0
        for _ in range(_STEPS):
            middle = (low + high) / 2
            slope = (step / np.maximum(base + middle * step, 1e-300)).mean()
            low, high = (middle, high) if slope > 0 else (low, middle)
        keep = (low + high) / 2
        gain = float(np.log(np.maximum(base + keep * step, 1e-300) / base).mean())
        return cls((float(prior[0]), float(prior[1]), float(prior[2])), keep * believed(2 * n_eff * gain))

    def apply(self, proba: Probabilities) -> Probabilities:
        """Return the shrunk probabilities; rows sum to 1."""
        shrunk = (1 - self.keep) * np.array(self.prior) + self.keep * proba
        total: Probabilities = shrunk / shrunk.sum(axis=1, keepdims=True)
        return total

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self) | {"prior": list(self.prior)}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        first, second, third = value["prior"]
        return cls((first, second, third), value["keep"])


@dataclass(frozen=True)
class Centre:
    """The conditional centre of the h-bar return: ``drift + slope * (score - score_mean)``.

    Parameters
    ----------
    drift : float
        Mean h-bar return, shrunk toward 0.
    slope : float
        Return per unit of score, >= 0, shrunk toward 0: a score that points the wrong way out of
        fold is not turned around but ignored.
    score_mean : float
        Out-of-fold mean of the score.
    """

    drift: float
    slope: float = 0.0
    score_mean: float = 0.0

    @classmethod
    def of_drift(cls, returns: Floats, n_eff: float) -> Self:
        """A centre without a score: the mean return shrunk by its ``t^2 = n_eff * mean^2 / var``.

        Parameters
        ----------
        returns : array, shape (n,)
            Known h-bar returns, as fractions.
        n_eff : float
            Independent rows they are worth, above 0.
        """
        mean, variance = float(returns.mean()), float(returns.var())
        return cls(mean * believed(n_eff * mean**2 / variance) if variance > 0 else mean)

    @classmethod
    def fit(cls, score: Floats, returns: Floats, n_eff: float) -> Self:
        """Fit by least squares on out-of-fold rows; both terms shrunk on ``n_eff`` rows.

        Parameters
        ----------
        score : array, shape (n,)
            Out-of-fold score in [-1, 1].
        returns : array, shape (n,)
            The h-bar returns that followed, as fractions.
        n_eff : float
            Independent rows they are worth, above 0.

        Examples
        --------
        >>> score = np.array([-0.2, 0.2] * 500)
        >>> Centre.fit(score, 0.05 * score, n_eff=1000).at(np.array([0.1])).round(4)
        array([0.005])
        """
        drift = cls.of_drift(returns, n_eff).drift
        spread, mean = float(score.var()), float(score.mean())
        if spread <= 0:
            return cls(drift, 0.0, mean)
        slope = float(((score - mean) * (returns - returns.mean())).mean()) / spread
        left = float((returns - returns.mean() - slope * (score - mean)).var())
        t_squared = n_eff * spread * slope**2 / left if left > 0 else math.inf
        return cls(drift, max(0.0, slope) * believed(t_squared), mean)

    def at(self, score: Floats) -> Floats:
        """Return the centre of each row, ``(n,)``."""
        return self.drift + self.slope * (score - self.score_mean)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(**value)
