"""GARCH(1,1): the volatility of the next bar, from parameters of the fit slice.

``v[t+1] = omega + alpha e[t]^2 + beta v[t]`` with ``e`` the log return less its mean. The parameters
are fitted by maximum likelihood (package ``arch``) on each symbol's bars of the fit slice; the recursion
is run over every bar from the symbol's first, starting at the variance of the fit slice.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
import polars as pl

from augury.core.errors import InsufficientHistory
from augury.core.extras import require
from augury.core.typing import Floats, Json
from augury.features.panel.bar_grid import BarGrid, log_returns

COLUMN: Final = "garch_volatility"
ROWS_MIN: Final = 250
"""Returns of the fit slice a symbol needs."""
_PERCENT: Final = 100.0
"""Fitted on returns in per cent: the optimiser's steps are made for numbers near 1."""


@dataclass(frozen=True)
class Garch11:
    """Parameters of one symbol, for plain log returns.

    Parameters
    ----------
    mean, omega, alpha, beta : float
        See the module; ``alpha + beta`` is at most 1.
    variance : float
        Of the fit slice: where the recursion starts.
    """

    mean: float
    omega: float
    alpha: float
    beta: float
    variance: float


@dataclass(frozen=True)
class Garch:
    """The parameters of some symbols.

    Parameters
    ----------
    parameters : tuple of (str, Garch11)
    without : tuple of (str, str)
        Symbols that have none, and why.
    """

    parameters: tuple[tuple[str, Garch11], ...]
    without: tuple[tuple[str, str], ...]

    @classmethod
    def fit(cls, rows: pl.DataFrame) -> Self:
        """Fit every symbol with at least 250 returns.

        Parameters
        ----------
        rows : pl.DataFrame
            Bars of the fit slice.

        Raises
        ------
        InsufficientHistory
            No symbol could be fitted; with the reason of the first.
        MissingExtra
            The package ``arch`` is not installed.
        """
        univariate = require("arch.univariate", extra="stats")
        grid = BarGrid.of(rows)
        x = grid.spread(log_returns(rows))
        found = {symbol: _fitted(univariate, x[:, k]) for k, symbol in enumerate(grid.symbols)}
        without = tuple((symbol, one) for symbol, one in found.items() if isinstance(one, str))
        if len(without) == len(found):
            raise InsufficientHistory(f"no symbol of {len(found)} has a volatility model: {without[:1]}")
        return cls(tuple((symbol, one) for symbol, one in found.items() if isinstance(one, Garch11)), without)

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the volatility of the next bar as known at each bar's close, per bar, a fraction.

        Null at a first bar, which has no return, and for symbols without parameters.
        """
        grid, known = BarGrid.of(frame), dict(self.parameters)
        here = [k for k, symbol in enumerate(grid.symbols) if symbol in known]
        x = grid.spread(log_returns(frame))
        found = np.full(x.shape, np.nan)
        if here:
            found[:, here] = np.sqrt(next_variance(x[:, here], [known[grid.symbols[k]] for k in here]))
        return frame.select("symbol", "ts").with_columns(grid.gather(found).alias(COLUMN))

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {"parameters": {symbol: asdict(one) for symbol, one in self.parameters}, "without": dict(self.without)}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        parameters = tuple((symbol, Garch11(**one)) for symbol, one in value["parameters"].items())
        return cls(parameters, tuple(value["without"].items()))


def next_variance(x: Floats, parameters: list[Garch11]) -> Floats:
    """Variance of the value after each one; NaN where the value is, and the recursion rests there.

    Parameters
    ----------
    x : array (times, series)
    parameters : list of Garch11
        One for each series.

    Examples
    --------
    >>> one = Garch11(mean=0.0, omega=0.1, alpha=0.1, beta=0.8, variance=1.0)
    >>> next_variance(np.array([[np.nan], [2.0], [0.0]]), [one])[:, 0].round(3).tolist()
    [nan, 1.3, 1.14]
    """
    mean, omega, alpha, beta, now = (
        np.array([getattr(one, name) for one in parameters]) for name in ("mean", "omega", "alpha", "beta", "variance")
    )
    out = np.full(x.shape, np.nan)
    for t, value in enumerate(x):
        gap = value - mean
        moved = omega + alpha * gap * gap + beta * now
        seen = ~np.isnan(value)
        now = np.where(seen, moved, now)
        out[t] = np.where(seen, now, np.nan)
    return out


def _fitted(univariate: Any, x: Floats) -> Garch11 | str:
    """Parameters of one series, or why there are none."""
    known = _PERCENT * x[~np.isnan(x)]
    if len(known) < ROWS_MIN:
        return f"{len(known)} returns in the fit slice, {ROWS_MIN} are needed"
    if not known.std() > 0.0:
        return "its price did not move in the fit slice"
    model = univariate.ConstantMean(known, volatility=univariate.GARCH(p=1, q=1), rescale=False)
    found = model.fit(disp="off", show_warning=False)
    if found.convergence_flag != 0 or not all(math.isfinite(value) for value in found.params):
        return f"the fit did not converge (code {found.convergence_flag})"
    mean, omega, alpha, beta = (float(value) for value in found.params)
    square = _PERCENT * _PERCENT
    return Garch11(mean / _PERCENT, omega / square, alpha, beta, float(known.var()) / square)


TRANSFORM = Garch
