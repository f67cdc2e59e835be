"""Four answers to the same question: history, HAR, GARCH and boosted trees over HAR."""

from __future__ import annotations

import math
from typing import Any, Final, Protocol, Self

import numpy as np

from augury.core.errors import DataError, InsufficientHistory, ModelError, NotTrained
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Floats, Json
from augury.models.statistical._garch import GarchT
from augury.models.volatility.ranges import RangeSeries, backward_mean

HISTORY_BARS: Final = 20
ROWS_MIN: Final = 250
"""Known rows a fit needs."""
_HAR_BARS: Final = (1, 5, 22)
"""Bar, week and month of daily bars."""
_STAGES: Final = 100
_TREES: Final[Json] = {
    "objective": "l2",
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
    "seed": DEFAULT_SEED,
    # Few, shallow and slow: HAR has already said most of it.
    "learning_rate": 0.03,
    "num_leaves": 8,
    "min_data_in_leaf": 60,
}


class VolatilityModel(Protocol):
    """A model of the mean variance per bar over the next ``horizon_bars`` bars."""

    horizon_bars: int

    def fit(self, series: RangeSeries) -> Self:
        """Learn from bars that are all known."""
        ...

    def predict(self, series: RangeSeries) -> Floats:
        """Variance per bar over the bars after each one, ``(n,)``; NaN where too little is known."""
        ...

    def to_json(self) -> Json:
        """Write settings and fitted state as a JSON object."""
        ...

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote; predictions are equal bit for bit."""
        ...


class _Model:
    """State shared by the models: a horizon and one JSON object."""

    def __init__(self, horizon_bars: int = 1) -> None:
        if horizon_bars < 1:
            raise DataError(f"horizon_bars={horizon_bars}: a forecast looks at least one bar ahead")
        self.horizon_bars = horizon_bars
        self._fitted: Json | None = None

    def to_json(self) -> Json:
        """Write settings and fitted state as a JSON object."""
        return {"horizon_bars": self.horizon_bars, "fitted": self._state}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote; predictions are equal bit for bit."""
        model = cls(value["horizon_bars"])
        model._fitted = value["fitted"]
        return model

    @property
    def _state(self) -> Json:
        if self._fitted is None:
            raise NotTrained(f"{type(self).__name__} was asked before it was fitted")
        return self._fitted


class Historical(_Model):
    """Variance of the last 20 log returns: the baseline, which learns nothing."""

    def fit(self, series: RangeSeries) -> Self:
        """Remember nothing."""
        self._fitted = {}
        return self

    def predict(self, series: RangeSeries) -> Floats:
        """Sample variance of the last 20 returns at each bar, ``(n,)``."""
        mean = backward_mean(series.log_returns, HISTORY_BARS)
        square = backward_mean(series.log_returns**2, HISTORY_BARS)
        return (square - mean**2) * HISTORY_BARS / (HISTORY_BARS - 1)


class Har(_Model):
    """Heterogeneous autoregression on the logarithm of the range variance.

    ``ln V[t+1..t+h] = c + b1 ln v_1 + b5 ln v_5 + b22 ln v_22``: the mean of the bar, of five and of
    22 bars. The exponential is scaled so that its mean over the fit rows is that of the squared
    returns: ranges miss what happens between sightings, sizes are decided by closes.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> close = np.cumsum(0.01 * rng.normal(size=400))
    >>> series = RangeSeries("A", close, close + 0.008, close - 0.008, close)
    >>> round(float(np.sqrt(Har().fit(series).predict(series)[-1])), 2)
    0.01

    Notes
    -----
    Corsi (2009), *A simple approximate long-memory model of realized volatility*; on ranges instead
    of intraday sums, and on logarithms, which keeps the forecast positive.
    """

    def fit(self, series: RangeSeries) -> Self:
        """Fit by least squares on rows whose outcome is known."""
        columns, target = _har_columns(series), np.log(series.range_ahead(self.horizon_bars))
        rows = _known(columns, target, series, type(self).__name__)
        weights = np.linalg.lstsq(columns[rows], target[rows], rcond=None)[0]
        said = np.exp(_weighted(columns[rows], weights))
        scale = float(series.realised(self.horizon_bars)[rows].mean() / said.mean())
        self._fitted = {"weights": weights.tolist(), "scale": scale}
        return self

    def predict(self, series: RangeSeries) -> Floats:
        """Variance per bar over the horizon after each bar, ``(n,)``."""
        return np.exp(self.log_variance(series)) * float(self._state["scale"])

    def log_variance(self, series: RangeSeries) -> Floats:
        """Expected logarithm of the range variance ahead, ``(n,)``."""
        return _weighted(_har_columns(series), np.array(self._state["weights"]))


class Garch(_Model):
    """GARCH(1,1) with Student-t shocks on log returns; the mean of its path over the horizon."""

    def fit(self, series: RangeSeries) -> Self:
        """Fit by maximum likelihood on the returns less their mean."""
        returns = series.log_returns[1:]
        if len(returns) < ROWS_MIN:
            raise InsufficientHistory(f"{series.symbol} has {len(returns)} returns, a GARCH needs {ROWS_MIN}")
        mean = float(returns.mean())
        self._fitted = {"mean": mean, "garch": GarchT.fit(returns - mean).to_json()}
        return self

    def predict(self, series: RangeSeries) -> Floats:
        """Variance per bar over the horizon after each bar, ``(n,)``; NaN at the first."""
        garch = GarchT(**self._state["garch"])
        next_variance = garch.next_variance(series.log_returns[1:] - self._state["mean"])
        found = np.full(len(series), np.nan)
        found[1:] = garch.path(next_variance, self.horizon_bars).mean(axis=1)
        return found


class Boosted(_Model):
    """LightGBM on what HAR leaves of the log variance.

    Beside the HAR columns it sees the size and the sign of the last return and of the last week's:
    a fall is followed by more movement than a rise of the same size. Being fitted to the residual,
    it answers as HAR does where the trees have seen nothing, above all beyond the largest move so far.
    """

    def fit(self, series: RangeSeries) -> Self:
        """Fit HAR, then the trees on its residual."""
        import lightgbm as lgb  # heavy, and only this model needs it

        har = Har(self.horizon_bars).fit(series)
        columns, target = _boost_columns(series), np.log(series.range_ahead(self.horizon_bars))
        rows = _known(columns, target, series, type(self).__name__)
        left = target[rows] - har.log_variance(series)[rows]
        try:
            booster = lgb.train(dict(_TREES), lgb.Dataset(columns[rows], left, params=dict(_TREES)), _STAGES)
        except lgb.basic.LightGBMError as error:
            raise ModelError(f"LightGBM refused {int(rows.sum())} rows of {series.symbol}: {error}") from error
        self._booster: Any = booster
        said = np.exp(har.log_variance(series)[rows] + np.asarray(booster.predict(columns[rows], num_threads=1)))
        scale = float(series.realised(self.horizon_bars)[rows].mean() / said.mean())
        self._fitted = {"har": har.to_json(), "trees": booster.model_to_string(), "scale": scale}
        return self

    def predict(self, series: RangeSeries) -> Floats:
        """Variance per bar over the horizon after each bar, ``(n,)``."""
        state, columns = self._state, _boost_columns(series)
        found, rows = np.full(len(series), np.nan), np.isfinite(columns).all(axis=1)
        more = np.asarray(self._booster.predict(columns[rows], num_threads=1))
        found[rows] = np.exp(Har.from_json(state["har"]).log_variance(series)[rows] + more) * state["scale"]
        return found

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote; predictions are equal bit for bit."""
        import lightgbm as lgb

        model = super().from_json(value)
        model._booster = lgb.Booster(model_str=value["fitted"]["trees"])
        return model


def annualised(variance: Floats, bars_per_year: float) -> Floats:
    """Yearly standard deviation, ``(n,)``.

    Parameters
    ----------
    variance : array (n,)
        Per bar.
    bars_per_year : float
        252 for daily bars of a stock market.

    Examples
    --------
    >>> annualised(np.array([1e-4]), 252.0).round(4).tolist()
    [0.1587]
    """
    return np.sqrt(variance * bars_per_year)


def _har_columns(series: RangeSeries) -> Floats:
    return np.column_stack([np.ones(len(series)), *(np.log(series.averaged(bars)) for bars in _HAR_BARS)])


def _boost_columns(series: RangeSeries) -> Floats:
    # Returns in units of the month's spread: what was large in 1999 need not be in 2008.
    spread = np.sqrt(series.averaged(_HAR_BARS[-1]))
    week = np.full(len(series), np.nan)
    week[5:] = series.close[5:] - series.close[:-5]
    logs = [np.log(series.averaged(bars)) for bars in (*_HAR_BARS, 66)]
    relative = [one - logs[2] for one in (logs[0], logs[1], logs[3])]
    return np.column_stack([logs[2], *relative, series.log_returns / spread, week / (spread * math.sqrt(5))])


def _weighted(columns: Floats, weights: Floats) -> Floats:
    # Row by row: a matrix product would round by how many rows stand beside it.
    said: Floats = np.einsum("ij,j->i", columns, weights)
    return said


def _known(columns: Floats, target: Floats, series: RangeSeries, name: str) -> Any:
    rows = np.isfinite(columns).all(axis=1) & np.isfinite(target)
    if rows.sum() < ROWS_MIN:
        raise InsufficientHistory(f"{series.symbol} has {int(rows.sum())} known rows, {name} needs {ROWS_MIN}")
    return rows
