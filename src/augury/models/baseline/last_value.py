"""The last value stays: no change."""

from __future__ import annotations

from augury.core.tables import LabelledTable
from augury.core.typing import Floats
from augury.models.baseline._base import PointBaseline, constant


class LastValue(PointBaseline):
    """Expect the last close again: a return of zero, NEUTRAL."""

    def expected_return(self, table: LabelledTable) -> Floats:
        """Return zeros."""
        return constant(table, 0.0)


BASELINE = LastValue
