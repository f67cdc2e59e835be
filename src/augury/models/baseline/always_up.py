"""Always BULLISH: what a rising market gives for free."""

from __future__ import annotations

import numpy as np

from augury.core.tables import LabelledTable
from augury.core.typing import Codes, Floats
from augury.models.baseline._base import PointBaseline, constant


class AlwaysUp(PointBaseline):
    """Name BULLISH, and expect the mean size of a train return upwards."""

    def predict(self, table: LabelledTable) -> Codes:
        """Return BULLISH, ``(n,)``."""
        return np.ones(len(table), np.int8)

    def expected_return(self, table: LabelledTable) -> Floats:
        """Return the size of the train mean, upwards."""
        return constant(table, abs(self.mean_))


BASELINE = AlwaysUp
