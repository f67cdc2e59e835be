"""A normal return with the volatility seen so far: what every band must beat."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from augury.core.forecast import QUANTILES
from augury.core.tables import VOLATILITY, LabelledTable
from augury.core.typing import Codes, Floats
from augury.models.baseline._base import PointBaseline, constant


class HistoricalVolatility(PointBaseline):
    """Expect ``N(train mean, vol^2 * h)``; its class is the most probable of the three under it."""

    def predict(self, table: LabelledTable) -> Codes:
        """Return the most probable class of the normal, ``(n,)``."""
        sigma, threshold, normal = self._sigma(table), table.spec.threshold, NormalDist()
        down = np.array([normal.cdf((-threshold - self.mean_) / s) if s > 0 else 0.0 for s in sigma])
        up = np.array([1 - normal.cdf((threshold - self.mean_) / s) if s > 0 else 0.0 for s in sigma])
        codes: Codes = np.column_stack([down, 1 - down - up, up]).argmax(axis=1).astype(np.int8)
        return codes - np.int8(1)

    def expected_return(self, table: LabelledTable) -> Floats:
        """Return the train mean."""
        return constant(table, self.mean_)

    def quantiles(self, table: LabelledTable) -> dict[str, Floats]:
        """Return the normal's quantiles, one array a name of ``core.forecast.QUANTILES``."""
        sigma, normal = self._sigma(table), NormalDist()
        return {name: np.maximum(self.mean_ + normal.inv_cdf(level) * sigma, -1.0) for name, level in QUANTILES.items()}

    def _sigma(self, table: LabelledTable) -> Floats:
        return table.column(VOLATILITY) * math.sqrt(table.spec.horizon_bars)


BASELINE = HistoricalVolatility
