"""Bands that start from learned quantiles: they may lean to one side, where the features say so."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

from augury.core.errors import InsufficientHistory
from augury.core.forecast import QUANTILES
from augury.core.tables import LabelledTable
from augury.core.typing import Floats
from augury.models.bands._shape import BandShape, Spread, volatility_scale
from augury.models.quantile_lgbm import LEVELS, QuantileLightGBM, QuantileSettings

_LEARNED: Final = dict(zip(("q10", "q25", "q50", "q75", "q90"), range(len(LEVELS)), strict=True))
_NEAREST: Final = {"q025": "q10", "q05": "q10", "q95": "q90", "q975": "q90"}
"""Ends that are not learned, being too rare, start from the outermost that is."""


class QuantileShape(BandShape):
    """Quantiles of :class:`augury.models.quantile_lgbm.QuantileLightGBM`, learned in units of ``vol * sqrt(h)``.

    The median of the ladder is the learned one. Conformal factors move each band outward or inward
    from there (Romano, Patterson and Candès 2019, conformalized quantile regression).
    """

    _model: QuantileLightGBM

    def fit(self, train: LabelledTable, seed: int) -> Self:
        """Fit one booster a quantile on the train rows."""
        settings = QuantileSettings(horizon_bars=train.spec.horizon_bars, random_state=seed)
        self._model = QuantileLightGBM(settings).fit(train.X, train.forward_returns, _positive(train))
        return self

    def spread(self, table: LabelledTable) -> Spread:
        """Ask the boosters about each row."""
        scale = _positive(table)
        said = self._model.predict(table.X, scale)
        return Spread(scale, {name: said[:, _LEARNED[_NEAREST.get(name, name)]] for name in QUANTILES})

    def save(self, folder: Path) -> None:
        """Write ``quantile.json`` and one text a quantile."""
        self._model.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        shape = cls()
        shape._model = QuantileLightGBM.load(folder)
        return shape


def _positive(table: LabelledTable) -> Floats:
    scale = volatility_scale(table)
    if still := int((scale <= 0).sum()):
        raise InsufficientHistory(f"{still} rows have a volatility of 0: quantiles are learned in its units")
    return scale


SHAPE = QuantileShape
