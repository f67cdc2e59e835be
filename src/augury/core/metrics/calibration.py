"""Does 60 % happen 60 % of the time? The reliability table and its one-number summary."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from augury.core.labelspec import CODES
from augury.core.metrics._rows import same_rows
from augury.core.metrics.uncertainty import wilson
from augury.core.typing import Codes, Json, Probabilities

BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Rows whose top-class probability lies in ``(low, high]``.

    Parameters
    ----------
    low, high : float
        Ends of the bin.
    confidence : float
        Mean top-class probability of its rows.
    accuracy : float
        Share of its rows whose class was named.
    accuracy_low, accuracy_high : float
        95 % Wilson interval of ``accuracy``.
    n : int
        Rows, at least 1.
    """

    low: float
    high: float
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    n: int

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Json) -> ReliabilityBin:
        """Read what :meth:`to_json` wrote."""
        return cls(**value)


def reliability(y: Codes, proba: Probabilities, bins: int = BINS, *, row_weight: float = 1.0) -> list[ReliabilityBin]:
    """Compare confidence with accuracy in equal-width bins of the top-class probability.

    Parameters
    ----------
    y : (n,)
        What happened.
    proba : (n, 3)
        What was said.
    bins : int
        Over [0, 1]; more bins resolve more and hold fewer rows each.
    row_weight : float
        What a row counts in the interval, in (0, 1]: n_eff / n where outcomes overlap.

    Returns
    -------
    list of ReliabilityBin
        Only bins that hold rows, in ascending order.

    Examples
    --------
    >>> y = np.array([1, 1, 1, -1], np.int8)
    >>> [(b.low, b.high, b.confidence, b.accuracy, b.n) for b in reliability(y, np.array([[0.2, 0.1, 0.7]] * 4))]
    [(0.6, 0.7, 0.7, 0.75, 4)]
    """
    same_rows("reliability", y, proba)
    confidence = proba.max(axis=1)
    hit = np.asarray(CODES)[proba.argmax(axis=1)] == y
    edges = np.round(np.arange(1, bins) / bins, 12)
    place = np.searchsorted(edges, confidence, side="left")
    table = []
    for number in np.unique(place):
        rows = place == number
        n, hits = int(rows.sum()), int(hit[rows].sum())
        low, high = wilson(hits * row_weight, n * row_weight)
        ends = round(int(number) / bins, 12), round((int(number) + 1) / bins, 12)
        table.append(ReliabilityBin(*ends, float(confidence[rows].mean()), hits / n, low, high, n))
    return table


def ece(y: Codes, proba: Probabilities, bins: int = BINS) -> float:
    """Expected calibration error: mean distance of confidence from accuracy over rows, in [0, 1].

    Naeini et al. 2015, on the top class. It is biased upward in small samples; read it with n.

    Examples
    --------
    >>> round(ece(np.array([1, 1, 1, -1], np.int8), np.array([[0.2, 0.1, 0.7]] * 4)), 12)
    0.05
    """
    table = reliability(y, proba, bins)
    return sum(b.n * abs(b.confidence - b.accuracy) for b in table) / sum(b.n for b in table)
