"""What went up comes down."""

from __future__ import annotations

from augury.core.tables import LabelledTable
from augury.core.typing import Floats
from augury.models.baseline._base import PointBaseline


class Reversal(PointBaseline):
    """Expect the last h bars to be undone."""

    def expected_return(self, table: LabelledTable) -> Floats:
        """Return the past return with its sign turned."""
        return -self._past(table)


BASELINE = Reversal
