"""One symbol's closes, and what a series member says of the return that follows them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from augury.core.bars import Bars
from augury.core.errors import DataError
from augury.core.forecast import QUANTILES
from augury.core.typing import Floats, Probabilities

Moments = NDArray[np.datetime64]
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class PriceSeries:
    """Closes of one symbol in time order, as logarithms: a return is a difference, whatever its size.

    Parameters
    ----------
    symbol : str
    ts : array (n,) of datetime64[us]
        When each bar opened, UTC, ascending.
    log_close : array (n,)
        Natural logarithm of the close, finite.

    Examples
    --------
    >>> PriceSeries.of_returns(np.array([0.01, -0.02])).log_close.round(4).tolist()
    [0.0, 0.01, -0.01]
    """

    symbol: str
    ts: Moments
    log_close: Floats

    def __post_init__(self) -> None:
        if len(self.ts) != len(self.log_close):
            raise DataError(f"{self.symbol}: {len(self.ts)} times for {len(self.log_close)} closes")
        if not np.isfinite(self.log_close).all():
            raise DataError(f"{self.symbol}: a series holds known, positive closes only", fix="augury data check")
        if len(self.ts) > 1 and not (np.diff(self.ts) > np.timedelta64(0)).all():
            raise DataError(f"{self.symbol}: the bars of a series ascend in time, none twice", fix="augury data check")

    @classmethod
    def of(cls, bars: Bars, symbol: str, price_field: str | None = None) -> Self:
        """Take the closes of one symbol.

        Parameters
        ----------
        bars : Bars
        symbol : str
        price_field : str, optional
            Column to read; default ``adj_close`` where the bars have it, else ``close``.

        Raises
        ------
        DataError
            A close is missing or not positive: nothing is filled.
        """
        frame = bars.of(symbol).frame
        price_field = price_field or ("adj_close" if "adj_close" in frame.columns else "close")
        closes = frame[price_field].to_numpy()
        if not (closes > 0).all():
            raise DataError(f"{symbol}: a close is missing or not positive", fix="augury data check")
        return cls(symbol, frame["ts"].dt.replace_time_zone(None).to_numpy(), np.log(closes))

    @classmethod
    def of_returns(cls, log_returns: Floats, symbol: str = "SERIES") -> Self:
        """Make a daily series, weekdays from 2000 on, out of log returns; for simulations."""
        days = np.busday_offset(np.datetime64("2000-01-03"), np.arange(len(log_returns) + 1))
        return cls(symbol, days.astype("datetime64[us]"), np.concatenate([[0.0], np.cumsum(log_returns)]))

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def log_returns(self) -> Floats:
        """One-bar log returns, ``(n - 1,)``."""
        return np.diff(self.log_close)

    def forward(self, horizon_bars: int) -> Floats:
        """Log return over the next ``horizon_bars`` bars after each bar, ``(n,)``; NaN on the last ones."""
        ahead = np.full(len(self), np.nan)
        ahead[:-horizon_bars] = self.log_close[horizon_bars:] - self.log_close[:-horizon_bars]
        return ahead

    def until(self, n_bars: int) -> PriceSeries:
        """The first ``n_bars`` bars: what was known when the last of them closed."""
        return PriceSeries(self.symbol, self.ts[:n_bars], self.log_close[:n_bars])

    def since(self, first: int) -> PriceSeries:
        """The bars from place ``first`` on."""
        return PriceSeries(self.symbol, self.ts[first:], self.log_close[first:])


@dataclass(frozen=True)
class Distribution:
    """Student-t distributions of the h-bar log return, one a row.

    Parameters
    ----------
    mean, sd : array (n,)
        Of the log return over the whole horizon; ``sd`` is a standard deviation, above 0.
    tail : float or array (n,)
        Degrees of freedom, above 2; smaller is fatter, infinity is the normal.

    Examples
    --------
    >>> one = Distribution(np.zeros(1), np.full(1, 0.02))
    >>> one.proba(0.02).round(3).tolist()
    [[0.156, 0.683, 0.161]]
    >>> round(float(one.quantiles()["q90"][0]), 4)
    0.026
    """

    mean: Floats
    sd: Floats
    tail: Floats | float = math.inf

    def __len__(self) -> int:
        return len(self.mean)

    def cdf(self, log_return: Floats | float) -> Floats:
        """Probability that the log return is at most the value, ``(n,)``."""
        from scipy.special import stdtr  # heavy; a band may never be asked for

        found: Floats = stdtr(self.tail, (log_return - self.mean) / (self.sd * self._unit))
        return found

    def log_quantile(self, level: float) -> Floats:
        """The log return that is not exceeded with probability ``level``, ``(n,)``."""
        from scipy.special import stdtrit

        found: Floats = self.mean + stdtrit(self.tail, level) * self._unit * self.sd
        return found

    def proba(self, threshold: float) -> Probabilities:
        """Class probabilities at a label's own threshold, ``(n, 3)`` in the order of ``LABELS``.

        Parameters
        ----------
        threshold : float
            Of the simple return, in [0, 1): a row is BULLISH above it and BEARISH below its negative.
        """
        bearish, not_bullish = self.cdf(math.log1p(-threshold)), self.cdf(math.log1p(threshold))
        return np.column_stack([bearish, not_bullish - bearish, 1 - not_bullish])

    def quantiles(self) -> dict[str, Floats]:
        """Quantiles of the simple return under the names of ``core.forecast.QUANTILES``; ordered, above -100 %."""
        return {name: np.expm1(self.log_quantile(level)) for name, level in QUANTILES.items()}

    def band(self, level: float) -> tuple[Floats, Floats]:
        """Ends of the central band of a coverage in (0, 1), in log returns."""
        return self.log_quantile((1 - level) / 2), self.log_quantile((1 + level) / 2)

    @property
    def _unit(self) -> Floats | float:
        """What gives the t distribution a standard deviation of 1."""
        return np.sqrt(1 - 2 / self.tail)

    @staticmethod
    def joined(parts: list[Distribution]) -> Distribution:
        """Rows of several distributions one below the other."""
        columns = [(part.mean, part.sd, np.broadcast_to(part.tail, part.mean.shape)) for part in parts]
        mean, sd, tail = (np.concatenate(column) for column in zip(*columns, strict=True))
        return Distribution(mean, sd, tail)
