"""The mean return of training goes on."""

from __future__ import annotations

from augury.core.tables import LabelledTable
from augury.core.typing import Floats
from augury.models.baseline._base import PointBaseline, constant


class Drift(PointBaseline):
    """Expect the train mean; its class is whichever side of the threshold that lies on."""

    def expected_return(self, table: LabelledTable) -> Floats:
        """Return the train mean."""
        return constant(table, self.mean_)


BASELINE = Drift
