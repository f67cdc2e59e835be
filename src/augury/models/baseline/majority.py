"""Always the class that was most frequent in training."""

from __future__ import annotations

from typing import Self

import numpy as np

from augury.core.labelspec import CODES
from augury.core.tables import LabelledTable
from augury.core.typing import Codes, Floats
from augury.models.baseline._base import PointBaseline, constant


class Majority(PointBaseline):
    """Name the most frequent train class; of two equally frequent ones the one nearer to BEARISH."""

    code_: int

    def fit(self, table: LabelledTable) -> Self:
        """Count the train classes."""
        counts = [int((table.y == code).sum()) for code in CODES]
        self.code_ = CODES[counts.index(max(counts))]
        return super().fit(table)

    def predict(self, table: LabelledTable) -> Codes:
        """Return the majority class, ``(n,)``."""
        return np.full(len(table), self.code_, np.int8)

    def expected_return(self, table: LabelledTable) -> Floats:
        """Return the train mean."""
        return constant(table, self.mean_)


BASELINE = Majority
