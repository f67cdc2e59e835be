"""Quiet, usual, strained days: how volatile the market is and how much its symbols move together.

Stress of a day is the product of two percentiles among the 252 sessions before it: that of the 20-session
volatility of the mean return, and that of the mean pairwise correlation over 20 sessions. Its 33rd and
67th percentiles on the fit slice divide days into three regimes. A session needs at least 3 symbols; only
symbols known on all 20 sessions enter the correlation.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, Self

import numpy as np
import polars as pl

from augury.core.errors import InsufficientHistory
from augury.core.typing import Floats, Json
from augury.features.fitted import BAR, quantiles_of
from augury.features.panel.day_grid import NAMES_MIN, DayGrid, count_across, past_return, total_across, trailing_sd

COLUMNS: Final = ("day_stress", "day_regime")
_SESSIONS, _YEAR = 20, 252
_LOW, _HIGH = 0.33, 0.67
_FLAT: Final = 1e-12
"""A standard deviation of returns below this is a price that did not move."""


@dataclass(frozen=True)
class DayRegimes:
    """Where the regimes of days meet.

    Parameters
    ----------
    quiet_until, strained_from : float
        Stress of the fit slice's 33rd and 67th percentile, in [0, 1].
    """

    quiet_until: float
    strained_from: float

    @classmethod
    def fit(cls, rows: pl.DataFrame) -> Self:
        """Find the percentiles of stress on the days of the fit slice.

        Parameters
        ----------
        rows : pl.DataFrame
            Bars of the fit slice.

        Raises
        ------
        InsufficientHistory
            No day of it has 272 sessions of at least 3 symbols before it.
        """
        grid, stress = _stress(rows)
        known = pl.Series(COLUMNS[0], stress[~np.isnan(stress)])
        if known.is_empty():
            raise InsufficientHistory(
                f"the stress of a day needs {_SESSIONS + _YEAR} sessions of {NAMES_MIN} symbols before it, "
                f"the fit slice has {grid.shape[0]}"
            )
        return cls(*quantiles_of(known, (_LOW, _HIGH)))

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return ``day_stress`` in [0, 1] and ``day_regime`` 0, 1 or 2, the same for all symbols of a day."""
        grid, stress = _stress(frame)
        regime = (stress > self.quiet_until).astype(np.float64) + (stress > self.strained_from)
        columns = (stress, np.where(np.isnan(stress), np.nan, regime))
        return frame.select("symbol", "ts").hstack(
            [grid.gather(values).alias(name) for name, values in zip(COLUMNS, columns, strict=True)]
        )

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(**value)


def _stress(frame: pl.DataFrame) -> tuple[DayGrid, Floats]:
    grid = DayGrid.of(frame, least=NAMES_MIN)
    returns = past_return(grid.spread(frame["close"]), 1)
    if BAR in frame.columns:
        returns[np.diff(grid.spread(frame[BAR]), axis=0, prepend=np.nan) != 1.0] = np.nan
    # A session without a return, the first or one behind a hole of the fit slice, is passed over.
    seen = count_across(returns) > 0
    out = np.full(len(returns), np.nan)
    out[seen] = _stress_of(returns[seen])
    return grid, out


def _stress_of(returns: Floats) -> Floats:
    count = count_across(returns).astype(np.float64)
    count[count < NAMES_MIN] = np.nan
    volatility = trailing_sd(total_across(returns) / count, _SESSIONS)
    return _rank(volatility) * _rank(mean_correlation(returns, _SESSIONS))


def _rank(values: Floats) -> Floats:
    """Share of the previous 252 values that lie below each; NaN where one of them is unknown."""
    out = np.full_like(values, np.nan)
    if len(values) > _YEAR:
        windows = np.lib.stride_tricks.sliding_window_view(values, _YEAR + 1)
        below = (windows[:, :-1] < windows[:, -1:]).mean(axis=1)
        out[_YEAR:] = np.where(np.isnan(windows).any(axis=1), np.nan, below)
    return out


def mean_correlation(returns: Floats, sessions: int) -> Floats:
    """Mean correlation over all pairs of symbols known on all of the last sessions.

    With every symbol's returns brought to mean 0 and length 1, the correlations of all pairs add up to
    the squared length of their sum.

    Parameters
    ----------
    returns : array (days, symbols)
    sessions : int
        Length of the window.
    """
    out = np.full(len(returns), np.nan)
    for day in range(sessions - 1, len(returns)):
        window = returns[day - sessions + 1 : day + 1]
        window = window[:, ~np.isnan(window).any(axis=0)]
        centred = window - window.mean(axis=0)
        length = np.sqrt((centred * centred).sum(axis=0))
        moved = length > _FLAT
        names = int(moved.sum())
        if names >= NAMES_MIN:
            together = (centred[:, moved] / length[moved]).sum(axis=1)
            out[day] = ((together * together).sum() - names) / (names * (names - 1))
    return out


TRANSFORM = DayRegimes
