"""ARMA arithmetic: residuals, forecasts and shock weights from given parameters."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Self

import numpy as np

from augury.core.typing import Floats, Ints, Json


@dataclass(frozen=True)
class Arma:
    """``phi(L) (1 - L)^d (x - mean) = theta(L) e``, started from zero.

    Parameters
    ----------
    mean : float
        Of ``x``; 0 when ``d`` is 1.
    ar, ma : tuple of float
        Coefficients of the past values and of the past shocks.
    d : int
        0 or 1 differences.

    Examples
    --------
    >>> one = Arma(0.0, (0.5,), (), 0)
    >>> one.residuals(np.array([1.0, 0.5, 0.25])).tolist()
    [1.0, 0.0, 0.0]
    >>> one.summed_weights(3).tolist()
    [1.0, 1.5, 1.75]
    """

    mean: float
    ar: tuple[float, ...]
    ma: tuple[float, ...]
    d: int

    def times(self, factor: float) -> Self:
        """The same model of values ``factor`` times as large."""
        return replace(self, mean=self.mean * factor)

    def residuals(self, values: Floats) -> Floats:
        """One-step errors, ``(n,)``; the first ``d`` are the values themselves."""
        from scipy.signal import lfilter

        found: Floats = lfilter(np.concatenate([[1.0], -self._past]), [1.0, *self.ma], values - self.mean)
        return found

    def ahead(self, values: Floats, residuals: Floats, at: Ints, steps: int) -> Floats:
        """Expected values 1 to ``steps`` after each place in ``at``, ``(len(at), steps)``."""
        past, ma = self._past, np.array(self.ma)
        known = [_before(values - self.mean, at, lag) for lag in range(len(past))]
        shocks = [_before(residuals, at, lag) for lag in range(len(ma))]
        columns: list[Floats] = []
        for _ in range(steps):
            now = np.zeros(len(at))
            for weight, value in zip(past, known, strict=False):
                now = now + weight * value
            for weight, shock in zip(ma, shocks, strict=False):
                now = now + weight * shock
            columns.append(now + self.mean)
            known, shocks = [now, *known][: len(past)], [np.zeros(len(at)), *shocks][: len(ma)]
        return np.column_stack(columns)

    def summed_weights(self, steps: int) -> Floats:
        """What one unit of shock adds to the sum of the 1, 2 … ``steps`` values from its own on, ``(steps,)``."""
        from scipy.signal import lfilter

        shock = np.zeros(steps)
        shock[0] = 1.0
        found: Floats = np.cumsum(lfilter([1.0, *self.ma], np.concatenate([[1.0], -self._past]), shock))
        return found

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self) | {"ar": list(self.ar), "ma": list(self.ma)}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(value["mean"], tuple(value["ar"]), tuple(value["ma"]), value["d"])

    @property
    def _past(self) -> Floats:
        """Coefficients of past values once the differences are multiplied out."""
        own = np.concatenate([[1.0], -np.array(self.ar)])
        return -(np.convolve(own, [1.0, -1.0]) if self.d else own)[1:]


def _before(values: Floats, at: Ints, lag: int) -> Floats:
    """The value ``lag`` before each place; 0 before the first, as in the residuals."""
    place = at - lag
    return np.where(place >= 0, values[np.maximum(place, 0)], 0.0)
