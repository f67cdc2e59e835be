"""Bands as wide as the volatility of the last bars; the default."""

from __future__ import annotations

from augury.core.tables import LabelledTable
from augury.models.bands._shape import BandShape, Spread, volatility_scale


class Conformal(BandShape):
    """``vol * sqrt(h)`` about the centre: nothing is learned but the conformal factors themselves."""

    def spread(self, table: LabelledTable) -> Spread:
        """Take the volatility that stands beside the features."""
        return Spread(volatility_scale(table))


SHAPE = Conformal
