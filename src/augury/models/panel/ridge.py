"""Ridge regression across names: the linear baseline of every cross-section."""

from __future__ import annotations

from typing import Final, cast

import numpy as np

from augury.core.metrics import ic_by_day
from augury.core.typing import Features, Floats, Ints
from augury.learning.samplers import NAMES_SELECT
from augury.models.panel.ranker import LastRowRanker

PENALTIES: Final = (1e-3, 1e-2, 1e-1, 1.0)


class RidgeRanker(LastRowRanker):
    """Least squares with a penalty on the weights, one model a horizon.

    The penalty, a multiple of the rows, is the one of best RankIC on the select slice; on a tie the largest.
    What is not known is 0, the mean of its day, with the group's flag beside it.
    """

    def _fit(self, x: Features, y: Features, x_select: Features, y_select: Features, day: Ints) -> Floats:
        wide = _known(x)
        gram, product = wide.T @ wide, wide.T @ y.astype(np.float64)
        best = -np.inf
        kept: Floats = np.zeros(wide.shape[1])
        for penalty in sorted(PENALTIES, reverse=True):
            shrunk = gram + penalty * len(wide) * np.eye(len(gram))
            weights = np.linalg.solve(shrunk, product).astype(np.float64)
            said = _known(x_select) @ weights
            daily = ic_by_day(said, y_select.astype(np.float64), day, ranked=True, min_names=NAMES_SELECT)
            value = float(daily.mean()) if len(daily) else -np.inf
            if value > best:
                best, kept = value, weights
        return kept

    def _score(self, model: object, x: Features) -> Floats:
        return _known(x) @ cast(Floats, model)


def _known(x: Features) -> Floats:
    """Inputs with 0 where they are not known, and a column of ones."""
    wide = np.ones((len(x), x.shape[1] + 1))
    wide[:, :-1] = np.where(np.isnan(x), 0.0, x)
    return wide
