"""The last class repeats."""

from __future__ import annotations

from augury.core.tables import LabelledTable
from augury.core.typing import Floats
from augury.models.baseline._base import PointBaseline


class Persistence(PointBaseline):
    """Expect the next h bars to be the last h bars again: same return, same class."""

    def expected_return(self, table: LabelledTable) -> Floats:
        """Return the past return."""
        return self._past(table)


BASELINE = Persistence
