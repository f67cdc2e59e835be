"""Accuracy before the outcomes are known: calibrated confidence is a forecast of its own accuracy."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics.uncertainty import Z95
from augury.core.score import ENOUGH
from augury.core.typing import Floats, Json


@dataclass(frozen=True, slots=True)
class EstimatedAccuracy:
    """What the accuracy of forecasts will be, as far as their confidence can be believed.

    Parameters
    ----------
    value : float
        Mean calibrated confidence.
    low, high : float
        95 % interval of the share that will turn out right.
    n : int
        Forecasts.
    n_eff : float
        Forecasts that count, n / h.
    """

    value: float
    low: float
    high: float
    n: int
    n_eff: float

    def text(self) -> str:
        """One line; below 50 forecasts that count it says so.

        Examples
        --------
        >>> EstimatedAccuracy(0.55, 0.45, 0.65, 100, 100.0).text()
        'estimated accuracy 0.550 [0.450, 0.650] before outcomes, n=100'
        """
        if self.n_eff < ENOUGH:
            return f"estimated accuracy insufficient (n={int(self.n_eff)})"
        return f"estimated accuracy {self.value:.3f} [{self.low:.3f}, {self.high:.3f}] before outcomes, n={self.n}"

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)


def estimated_accuracy(confidence: Floats, horizon_bars: Floats, calibrated_on: float) -> EstimatedAccuracy:
    """Estimate the accuracy of forecasts whose outcomes are not known yet.

    The estimate is the mean confidence c. Two things separate it from the later truth: the luck of n_eff
    outcomes, and that of the outcomes the confidence was calibrated on:
    ``1.96 sqrt(mean(c (1 - c)) (1 / n_eff + 1 / calibrated_on))``. It holds while the world does what it did
    when it was calibrated: a later truth below it is drift, not a failure of the estimate.

    Parameters
    ----------
    confidence : (n,)
        Calibrated probability of the class that was named, in [0, 1].
    horizon_bars : (n,)
        h: outcomes that overlap count 1 / h.
    calibrated_on : float
        Outcomes that count behind the calibration, > 0; more give a narrower interval.

    Raises
    ------
    DataError
        No forecast, or a confidence that is no probability.

    Examples
    --------
    >>> estimated_accuracy(np.full(100, 0.55), np.ones(100), 400).text()
    'estimated accuracy 0.550 [0.441, 0.659] before outcomes, n=100'
    """
    c = np.asarray(confidence, np.float64)
    if not c.size or c.shape != np.shape(horizon_bars) or not ((c >= 0) & (c <= 1)).all() or calibrated_on <= 0:
        raise DataError(f"an accuracy is estimated from confidences in [0, 1] with their horizons, got {c.shape}")
    value, n_eff = float(c.mean()), float(np.sum(1.0 / np.asarray(horizon_bars, np.float64)))
    half = Z95 * math.sqrt(float(np.mean(c * (1 - c))) * (1 / n_eff + 1 / calibrated_on))
    return EstimatedAccuracy(value, max(0.0, value - half), min(1.0, value + half), c.size, n_eff)
