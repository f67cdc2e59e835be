"""Weights that change with the market: one vector for quiet, usual and strained bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from augury.core.typing import Codes, Floats, Ints, Json, Probabilities
from augury.models.ensemble.pooling import pool, renormalised
from augury.models.ensemble.weights._shape import Weighed

REGIME: Final = "regime"
REGIMES: Final = ("quiet", "usual", "strained")
ROWS_MIN: Final = 60
"""Rows of a regime below which the global weights answer for it."""
SHRINK_ROWS: Final = 200
"""Rows at which a regime's own vector counts for half."""
THIRDS: Final = (1 / 3, 2 / 3)
"""Quantiles of volatility at which the regimes meet."""
_UNKNOWN: Final = -1


@dataclass(frozen=True)
class RegimeWeights:
    """One vector a regime, beside the global one.

    The regime of a row is where its ``vol`` lies among the rows the weights were fitted on. ``vol`` is the
    trailing volatility known at the row's own close: no smoothed state, nothing of later bars.

    Parameters
    ----------
    quiet_until, strained_from : float
        Volatility per bar, a fraction: terciles of the fit rows.
    weights : tuple of 3 dict
        Member to weight, summing to 1, for quiet, usual and strained bars.
    rows : tuple of 3 int
        Rows each was fitted on; below 60 its vector is the global one.

    Examples
    --------
    >>> one = RegimeWeights(0.01, 0.02, ({"a": 0.8, "b": 0.2}, {"a": 0.5, "b": 0.5}, {"a": 0.2, "b": 0.8}), (90,) * 3)
    >>> one.of(np.array([0.005, 0.015, 0.03])).tolist()
    [0, 1, 2]
    """

    quiet_until: float
    strained_from: float
    weights: tuple[dict[str, float], dict[str, float], dict[str, float]]
    rows: tuple[int, int, int]

    @classmethod
    def fit(
        cls,
        rule: Callable[[Mapping[str, Probabilities], Codes], Weighed],
        predictions: Mapping[str, Probabilities],
        codes: Codes,
        volatility: Floats,
    ) -> tuple[Self, Weighed]:
        """Weigh all rows, then those of each regime, shrunk to the global vector by ``n / (n + 200)``.

        Parameters
        ----------
        rule : callable
            What weighs, globally and in each regime.
        predictions : mapping
            Member to out-of-fold probabilities, ``(n, 3)``.
        codes : array (n,)
        volatility : array (n,)
            Known at each row, above 0.

        Returns
        -------
        (RegimeWeights, Weighed)
            The second part is global, and its event ``regimes`` tells rows and bounds.
        """
        weighed = rule(predictions, codes)
        low, high = (float(value) for value in np.quantile(volatility, THIRDS))
        empty = cls(low, high, (weighed.weights,) * 3, (0, 0, 0))
        at = empty.of(volatility)
        counts = tuple(int((at == regime).sum()) for regime in range(len(REGIMES)))
        own = [_own(rule, predictions, codes, at == regime, weighed.weights) for regime in range(len(REGIMES))]
        found = cls(low, high, (own[0], own[1], own[2]), (counts[0], counts[1], counts[2]))
        event: Json = {"event": "regimes", "rows": dict(zip(REGIMES, counts, strict=True)), "bounds": [low, high]}
        return found, Weighed(weighed.weights, (*weighed.events, event))

    def of(self, volatility: Floats) -> Ints:
        """Return the regime of each row, 0, 1 or 2; -1 where the volatility is not known."""
        regime = (volatility > self.quiet_until).astype(np.int64) + (volatility > self.strained_from)
        return np.where(np.isfinite(volatility), regime, _UNKNOWN)

    def per_row(self, volatility: Floats, otherwise: Mapping[str, float]) -> list[Mapping[str, float]]:
        """Return the weights of each row; ``otherwise``, the global ones, where its regime is not known."""
        return [otherwise if regime == _UNKNOWN else self.weights[regime] for regime in self.of(volatility)]

    def vectors(self, volatility: Floats, otherwise: Mapping[str, float]) -> Iterator[tuple[Ints, Mapping[str, float]]]:
        """Yield which rows are weighed alike, and by which weights; every row once."""
        regime = self.of(volatility)
        for which in np.unique(regime):
            yield np.flatnonzero(regime == which), otherwise if which == _UNKNOWN else self.weights[which]

    def pool(
        self, answers: Mapping[str, Probabilities], volatility: Floats, otherwise: Mapping[str, float]
    ) -> Probabilities:
        """Return the members' weighted mean, ``(n, 3)``, each row by the weights of its regime."""
        pooled = np.empty((len(volatility), 3))
        for rows, weights in self.vectors(volatility, otherwise):
            pooled[rows] = pool({name: said[rows] for name, said in answers.items()}, weights)
        return pooled

    def restricted(self, members: Mapping[str, object]) -> Self:
        """Return the vectors of the members that are there, summing to 1 again."""
        quiet, usual, strained = (renormalised(weights, members) for weights in self.weights)
        return type(self)(self.quiet_until, self.strained_from, (quiet, usual, strained), self.rows)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        bounds = {"quiet_until": self.quiet_until, "strained_from": self.strained_from}
        return bounds | {"weights": list(self.weights), "rows": list(self.rows)}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        quiet, usual, strained = value["weights"]
        first, second, third = value["rows"]
        return cls(value["quiet_until"], value["strained_from"], (quiet, usual, strained), (first, second, third))


def _own(
    rule: Callable[[Mapping[str, Probabilities], Codes], Weighed],
    predictions: Mapping[str, Probabilities],
    codes: Codes,
    here: Floats,
    everywhere: dict[str, float],
) -> dict[str, float]:
    n = int(here.sum())
    if n < ROWS_MIN:
        return everywhere
    found = rule({name: said[here] for name, said in predictions.items()}, codes[here]).weights
    keep = n / (n + SHRINK_ROWS)
    return {name: keep * found[name] + (1 - keep) * weight for name, weight in everywhere.items()}
