"""What members that model the level of the log price share: the answer is the change of that level."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Final

import numpy as np

from augury.core.errors import ModelError
from augury.core.typing import Floats, Ints, Json
from augury.models.series import Distribution, Moments, PriceSeries
from augury.models.statistical._base import SeriesMember
from augury.models.statistical._weeks import Weeks

_NORMAL_TAIL: Final = math.inf


class LevelMember(SeriesMember):
    """A curve through the log price; the return over h bars is how far the curve moves in them.

    The centre is ``curve(t + h) - curve(t)``: the distance of the last close from the curve is not
    taken for a forecast, which would bet on its return whatever the horizon. The spread is that of
    the one-bar residual changes times ``sqrt(h)``.
    """

    def _fit(self, series: PriceSeries) -> Json:
        curve = self._fit_curve(series)
        moved = np.diff(series.log_close - self._curve(curve, series.ts))
        sd = float(moved.std())
        if not sd > 0:
            raise ModelError(f"{series.symbol}: {len(series)} closes without a residual carry no band")
        facts = {"n_bars": len(series), "residual_sd": sd}
        return {"curve": curve, "weeks": list(Weeks.of(series.ts).seconds), "sd": sd, "facts": facts}

    def _distribution(self, series: PriceSeries, rows: Ints, horizon_bars: int) -> Distribution:
        fitted = self._fitted or {}
        here = series.ts[rows]
        there = Weeks(tuple(fitted["weeks"])).ahead(here, horizon_bars)
        mean = self._curve(fitted["curve"], there) - self._curve(fitted["curve"], here)
        return Distribution(mean, np.full(len(rows), fitted["sd"] * math.sqrt(horizon_bars)), _NORMAL_TAIL)

    @abstractmethod
    def _fit_curve(self, series: PriceSeries) -> Json:
        """Learn the curve; returns what describes it."""

    @abstractmethod
    def _curve(self, curve: Json, ts: Moments) -> Floats:
        """The curve's log price at each time, also beyond the fit, ``(n,)``."""
