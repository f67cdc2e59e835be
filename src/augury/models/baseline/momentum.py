"""What went up goes up."""

from __future__ import annotations

from typing import Self

import numpy as np

from augury.core.tables import LabelledTable
from augury.core.typing import Codes, Floats
from augury.models.baseline._base import PointBaseline


class Momentum(PointBaseline):
    """Follow the direction of the last h bars, whatever its size; expect a return of usual size."""

    size_: float

    def fit(self, table: LabelledTable) -> Self:
        """Learn the mean absolute train return."""
        self.size_ = float(np.abs(table.forward_returns).mean())
        return super().fit(table)

    def predict(self, table: LabelledTable) -> Codes:
        """Return the sign of the past return, ``(n,)``."""
        return np.sign(self._past(table)).astype(np.int8)

    def expected_return(self, table: LabelledTable) -> Floats:
        """Return the usual size in the direction of the past."""
        direction: Floats = np.sign(self._past(table))
        return direction * self.size_


BASELINE = Momentum
