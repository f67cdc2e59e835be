"""A Sharpe ratio or a RankIC never stands alone: beside it stands what the best of all trials shows by luck."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from augury.core.errors import DataError, UnknownName
from augury.core.metrics.selection import (
    TRADING_DAYS,
    best_sharpe_of_noise,
    expected_best,
    moments,
    overfitting,
    probabilistic_sharpe,
    sharpes,
)
from augury.core.score import ENOUGH
from augury.core.typing import Floats, Json

DSR_MIN: Final = 0.95
"""Below this the best of the trials is no better than luck."""
METRICS: Final = ("sharpe", "rank_ic", "ic")
VARIANCE_FROM: Final = 10
"""Series from which the variance across trials is measured; with fewer it is that of noise, 1/T."""
_WORDS: Final = {"sharpe": "Sharpe", "rank_ic": "RankIC", "ic": "IC"}


@dataclass(frozen=True, slots=True)
class Deflated:
    """A value beside its number of trials.

    Parameters
    ----------
    metric : str
        One of ``METRICS``.
    value : float
        Annualised Sharpe ratio, or mean coefficient.
    luck : float
        The same figure that the best of ``trials`` without skill is expected to show.
    dsr : float or None
        Probability in [0, 1] that the value is better than luck; None when undefined.
    pbo : float or None
        Probability of backtest overfitting; None with fewer than two series.
    trials : int
        Configurations scored, this one included.
    n : float
        Periods that count: overlapping outcomes of h bars count n / h.
    """

    metric: str
    value: float
    luck: float
    dsr: float | None
    pbo: float | None
    trials: int
    n: float

    @property
    def believed(self) -> bool:
        """True when the value is better than luck at 95 %, over at least 50 periods."""
        return self.n >= ENOUGH and self.dsr is not None and self.dsr >= DSR_MIN

    def text(self, digits: int | None = None) -> str:
        """One line; the only form in which these values are printed.

        Examples
        --------
        >>> Deflated("sharpe", 1.57, 1.6, 0.48, 0.51, 200, 750).text()
        'Sharpe 1.57 (best of 200 trials by luck 1.60): DSR 0.48, PBO 0.51, n=750, not better than luck'
        """
        if self.n < ENOUGH:
            return f"{_WORDS[self.metric]} insufficient (n={int(self.n)}, {_counted(self.trials)})"
        places = (2 if self.metric == "sharpe" else 4) if digits is None else digits
        value = f"{_WORDS[self.metric]} {self.value:.{places}f} ({self._luck(places)})"
        verdict = "" if self.believed else ", not better than luck"
        return f"{value}: {self._probabilities}, n={self.n:.0f}{verdict}"

    def beside(self) -> str:
        """What stands beside a value that is already printed with its interval and its n.

        Examples
        --------
        >>> Deflated("rank_ic", 0.02, 0.041, 0.21, None, 12, 300).beside()
        'best of 12 trials by luck 0.0410, DSR 0.21, PBO undefined'
        """
        return f"{self._luck(2 if self.metric == 'sharpe' else 4)}, {self._probabilities}"

    def _luck(self, places: int) -> str:
        return f"best of {_counted(self.trials)} by luck {self.luck:.{places}f}"

    @property
    def _probabilities(self) -> str:
        dsr, pbo = ("undefined" if one is None else f"{one:.2f}" for one in (self.dsr, self.pbo))
        return f"DSR {dsr}, PBO {pbo}"

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)


def deflate(
    series: Floats,
    *,
    trials: int,
    metric: str = "sharpe",
    others: Floats | None = None,
    horizon_bars: int = 1,
    periods_per_year: float = TRADING_DAYS,
) -> Deflated:
    """Deflate the mean of a series by the number of trials.

    Parameters
    ----------
    series : (T,)
        Returns of a strategy, or coefficients of the days, in time order.
    trials : int
        N >= 1, every configuration ever scored on the data, this one included.
    metric : str
        ``sharpe`` (annualised) or ``rank_ic``, ``ic`` (mean of the series; tested as its ratio to
        the spread, so the mathematics is the same).
    others : (T, k), optional
        Series of the trials on the same periods, this one included: PBO, and from ten on the
        variance across trials.
    horizon_bars : int
        h >= 1; overlapping series count T / h periods.
    periods_per_year : float
        Of a Sharpe ratio.

    Raises
    ------
    DataError
        Fewer trials than series.

    Examples
    --------
    >>> series = 0.001 + 0.01 * np.random.default_rng(0).normal(size=750)
    >>> deflate(series, trials=1).believed, deflate(series, trials=10_000).believed
    (True, False)
    """
    _known(metric)
    columns = 0 if others is None else others.shape[1]
    if trials < max(1, columns):
        raise DataError(f"{trials} trials were counted for {columns} series: every series is a trial")
    of = moments(series)
    n = of.n / horizon_bars
    pbo = overfitting(others).pbo if others is not None and columns >= 2 and len(others) >= 20 else None
    spread = float(np.std(series, ddof=1))
    unit = math.sqrt(periods_per_year / horizon_bars) if metric == "sharpe" else spread
    if math.isnan(of.sharpe) or n < 2:
        return Deflated(metric, float(np.mean(series)) if metric != "sharpe" else 0.0, 0.0, None, pbo, trials, n)
    measured = others is not None and columns >= VARIANCE_FROM
    variance = float(np.var(sharpes(others), ddof=1)) if measured and others is not None else 1 / n
    luck = best_sharpe_of_noise(trials, variance)
    skew, kurtosis = of.skew, of.kurtosis
    dsr = probabilistic_sharpe(of.sharpe, max(2, int(n)), skew=skew, kurtosis=kurtosis, benchmark=luck)
    return Deflated(metric, of.sharpe * unit, luck * unit, None if math.isnan(dsr) else dsr, pbo, trials, n)


def deflate_correlation(value: float, n: float, *, trials: int, metric: str = "rank_ic") -> Deflated:
    """Deflate a pooled correlation, of which there is no series, through Fisher's ``atanh``.

    Parameters
    ----------
    value : float
        In (-1, 1).
    n : float
        Rows that count, as in the ``n_eff`` of a score.
    trials : int
        N >= 1.
    metric : str
        ``rank_ic`` or ``ic``.

    Examples
    --------
    >>> deflate_correlation(0.1, 750, trials=1).believed, deflate_correlation(0.1, 750, trials=100).believed
    (True, False)
    """
    _known(metric)
    if not -1 < value < 1:
        raise DataError(f"{value} is not a correlation that can be tested: it lies outside (-1, 1)")
    if n <= 3:
        return Deflated(metric, value, 0.0, None, None, trials, n)
    error = 1 / math.sqrt(n - 3)
    luck = error * expected_best(trials)
    dsr = NormalDist().cdf((math.atanh(value) - luck) / error)
    return Deflated(metric, value, math.tanh(luck), dsr, None, trials, n)


def deflated_text(
    metric: str, series: Floats, *, trials: int, others: Floats | None = None, horizon_bars: int = 1
) -> str:
    """Print a Sharpe ratio or a coefficient the one way it may be printed. Parameters as in :func:`deflate`.

    Examples
    --------
    >>> deflated_text("rank_ic", 0.02 + 0.1 * np.random.default_rng(0).normal(size=750), trials=100)
    'RankIC 0.0169 (best of 100 trials by luck 0.0092): DSR 0.98, PBO undefined, n=750'
    """
    return deflate(series, trials=trials, metric=metric, others=others, horizon_bars=horizon_bars).text()


def _known(metric: str) -> None:
    if metric not in METRICS:
        raise UnknownName(f"unknown metric '{metric}' to deflate (known: {', '.join(METRICS)})")


def _counted(trials: int) -> str:
    return f"{trials} trial{'' if trials == 1 else 's'}"
