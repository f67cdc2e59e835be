"""Buy and hold: expect what holding earned in training."""

from __future__ import annotations

import numpy as np

from augury.core.tables import LabelledTable
from augury.core.typing import Codes, Floats
from augury.models.baseline._base import PointBaseline, constant


class BuyAndHold(PointBaseline):
    """Hold at all times: BULLISH, with the mean train return."""

    def predict(self, table: LabelledTable) -> Codes:
        """Return BULLISH, ``(n,)``."""
        return np.ones(len(table), np.int8)

    def expected_return(self, table: LabelledTable) -> Floats:
        """Return the train mean."""
        return constant(table, self.mean_)


BASELINE = BuyAndHold
