"""ARIMA for the mean of the log return, GARCH with Student-t shocks for how far it may be off."""

from __future__ import annotations

import math
import warnings
from typing import Any, Final

import numpy as np

from augury.core.errors import ModelError, UsageError
from augury.core.extras import require
from augury.core.typing import Floats, Ints, Json
from augury.models.series import Distribution, PriceSeries
from augury.models.statistical._arma import Arma
from augury.models.statistical._base import SeriesMember
from augury.models.statistical._diagnostics import diagnostics
from augury.models.statistical._garch import GarchT

_ROOT_LEVEL: Final = 0.05
"""The returns are differenced when a unit root is not refused at this level."""


class ArimaGarch(SeriesMember):
    """ARIMA(p, d, q) on log returns with GARCH(1,1) residuals.

    ``p`` and ``q`` are those of least AIC, ``d`` is 1 when the augmented Dickey-Fuller test does
    not refuse a unit root of the returns. The h-bar mean is the sum of the h one-bar means; the
    h-bar variance is ``sum_k Psi[h-k]^2 v[t+k]``, ``Psi`` the summed weights of a shock in the
    returns that follow and ``v`` the GARCH variance of each bar: variances are summed, and the
    band is the root of the sum.

    Parameters
    ----------
    max_order : int
        Largest p and q tried, 0 to 3, default 3; 16 models are compared at 3, 4 at 1.

    Examples
    --------
    >>> returns = 0.01 * np.random.default_rng(0).normal(size=600)
    >>> series = PriceSeries.of_returns(returns)
    >>> member = ArimaGarch(max_order=0).fit(series)
    >>> said = member.predict_distribution(series, np.array([600]), 4)
    >>> round(float(said.sd[0]), 3)
    0.02

    Notes
    -----
    Box and Jenkins (1970); Bollerslev (1986, 1987). The two stages are fitted one after the other,
    not jointly: the mean of daily returns is far smaller than its own error.
    """

    def __init__(self, max_order: int = 3) -> None:
        if max_order not in range(4):
            raise UsageError(f"max_order={max_order} is outside 0..3")
        self.max_order = max_order

    def _fit(self, series: PriceSeries) -> Json:
        returns = series.log_returns
        spread = float(returns.std())
        if not spread > 0:
            raise ModelError(f"{series.symbol}: {len(returns)} returns that do not move carry no model")
        # In units of their own spread, so that the search takes the same steps at every scale.
        scaled = returns / spread
        root = _unit_root(scaled)
        d = int(root > _ROOT_LEVEL)
        arma, aic = _least_aic(scaled, d, self.max_order)
        arma = arma.times(spread)
        left = arma.residuals(returns)[d:]
        garch = GarchT.fit(left)
        before = np.concatenate([[garch.start], garch.next_variance(left)[:-1]])
        facts = {
            "n_bars": len(series),
            "order": [len(arma.ar), d, len(arma.ma)],
            "aic": aic,
            "unit_root_p": root,
            "persistence": garch.alpha + garch.beta,
            "tail": garch.tail,
            **diagnostics(left / np.sqrt(before), lags=10),
        }
        return {"arma": arma.to_json(), "garch": garch.to_json(), "facts": facts}

    def _restored(self) -> None:
        fitted = self._fitted or {}
        self._arma, self._garch = Arma.from_json(fitted["arma"]), GarchT(**fitted["garch"])

    def _distribution(self, series: PriceSeries, rows: Ints, horizon_bars: int) -> Distribution:
        returns = series.log_returns[: int(rows.max(initial=0))]
        if (rows <= self._arma.d).any():
            raise UsageError(f"row {rows.min()} has no return before it to forecast from")
        residuals = self._arma.residuals(returns)
        residuals[: self._arma.d] = 0.0
        # Row i is the bar whose return is the (i - 1)-th.
        at = rows - 1
        ahead = self._garch.path(self._garch.next_variance(residuals)[at], horizon_bars)
        weights = self._arma.summed_weights(horizon_bars)[::-1]
        mean = self._arma.ahead(returns, residuals, at, horizon_bars).sum(axis=1)
        # Row by row: a matrix product would round by how many rows stand beside it.
        variance = np.einsum("ij,j->i", ahead, weights**2)
        return Distribution(mean, np.sqrt(variance), self._garch.tail_of_sum(horizon_bars))


def _unit_root(values: Floats) -> float:
    """Probability of the Dickey-Fuller statistic under a unit root."""
    stattools = require("statsmodels.tsa.stattools", extra="stats")
    with warnings.catch_warnings():
        # The library announces another form of its answer; the place of p is the same in both.
        warnings.simplefilter("ignore", FutureWarning)
        return float(stattools.adfuller(values, autolag="AIC")[1])


def _least_aic(values: Floats, d: int, max_order: int) -> tuple[Arma, float]:
    found: list[tuple[float, int, int, Arma]] = []
    for p in range(max_order + 1):
        for q in range(max_order + 1):
            fitted = _fitted(values, p, d, q)
            if fitted is not None:
                found.append((fitted[1], p, q, fitted[0]))
    if not found:
        raise ModelError(f"no ARIMA up to order {max_order} could be fitted on {len(values)} returns")
    aic, _, _, arma = min(found, key=lambda one: one[:3])
    return arma, aic


def _fitted(values: Floats, p: int, d: int, q: int) -> tuple[Arma, float] | None:
    """One candidate, or None where the search left the region of models that can be used."""
    model = require("statsmodels.tsa.arima.model", extra="stats")
    with warnings.catch_warnings():
        # Candidates that do not converge lose by their AIC; the winner is judged by its residuals.
        warnings.simplefilter("ignore")
        try:
            result: Any = model.ARIMA(values, order=(p, d, q), trend="n" if d else "c").fit()
        except (ValueError, np.linalg.LinAlgError):
            return None
    if not (math.isfinite(result.aic) and np.isfinite(result.params).all()):
        return None
    parameters = np.asarray(result.params, dtype=np.float64)
    mean, rest = (0.0, parameters) if d else (float(parameters[0]), parameters[1:])
    return Arma(mean, tuple(rest[:p].tolist()), tuple(rest[p : p + q].tolist()), d), float(result.aic)


MEMBER = ArimaGarch
