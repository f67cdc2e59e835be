"""Bands as wide as a volatility model expects the next bars to move."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Final, Self

import numpy as np

from augury.core.errors import CorruptArtifact, InsufficientHistory
from augury.core.hashing import canonical_json
from augury.core.tables import LabelledTable
from augury.core.typing import Floats
from augury.models.bands._shape import BandShape, Spread
from augury.models.members import closes_of, places
from augury.models.volatility.models import Har
from augury.models.volatility.ranges import RangeSeries

_FILE: Final = "volatility.json"


class VolatilityShape(BandShape):
    """``sqrt(h * v)`` about the centre, ``v`` the variance per bar that HAR expects over the horizon.

    HAR reads open, high, low and close of the bar, the week and the month: it knows of a shock one
    bar later, where the volatility of the last 20 bars learns of it by a twentieth a day.
    """

    _model: Har

    def fit(self, train: LabelledTable, seed: int) -> Self:
        """Fit HAR on the bars up to the last row."""
        series, rows = _ranges(train)
        self._model = Har(train.spec.horizon_bars).fit(series.until(int(rows[-1]) + 1))
        self.spread(train)
        return self

    def spread(self, table: LabelledTable) -> Spread:
        """Ask HAR at each row; bars after the newest row asked about are not there."""
        series, rows = _ranges(table)
        variance: Floats = self._model.predict(series.until(int(rows.max()) + 1))[rows]
        if not np.isfinite(variance).all():
            raise InsufficientHistory(f"{int((~np.isfinite(variance)).sum())} rows have no month of bars before them")
        return Spread(np.sqrt(variance) * math.sqrt(table.spec.horizon_bars))

    def save(self, folder: Path) -> None:
        """Write ``volatility.json``."""
        (folder / _FILE).write_text(canonical_json(self._model.to_json()) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        shape = cls()
        try:
            shape._model = Har.from_json(json.loads((folder / _FILE).read_text(encoding="utf-8")))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise CorruptArtifact(f"{_FILE} cannot be read: {error}", fix="augury doctor", path=str(folder)) from error
        return shape


def _ranges(table: LabelledTable) -> tuple[RangeSeries, np.ndarray]:
    closes = closes_of(table)
    assert table.bars is not None  # closes_of has refused it
    if table.bars.close_only:
        raise InsufficientHistory(f"{closes.symbol} has closes only: a range needs open, high and low")
    return RangeSeries.of(table.bars, closes.symbol), places(closes.ts, table.frame["ts"])


SHAPE = VolatilityShape
