"""Bars as matrices: one row a moment, one column a symbol, NaN where there is no bar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import DataError, UsageError
from augury.core.timeframe import Timeframe
from augury.core.typing import Floats, Ints

DAY_US: Final = 86_400_000_000
ADV_BARS: Final = 20
"""Bars over which average traded value and volatility are taken, up to the bar before."""
GUARD: Final = 0.6
"""A one-bar move beyond this fraction is quarantined: more likely a wrong price than a return."""


@dataclass(frozen=True)
class Market:
    """Prices a backtest trades and is marked at.

    Parameters
    ----------
    ts : pl.Series
        Opens of the bars, ascending, of length T.
    symbols : tuple of str
        N names, ascending.
    open, close : (T, N)
        Prices; NaN where a symbol has no bar (suspended, not listed, or no open known).
    value : (T, N)
        Money traded, close times volume before any scaling; NaN where unknown.
    timeframe : Timeframe
        Length of a bar.
    calendar : str
        Venue, decides how many bars a year holds.
    data_version : str
        Content hash of the bars.
    synthetic : bool
        True for invented bars.
    """

    ts: pl.Series
    symbols: tuple[str, ...]
    open: Floats
    close: Floats
    value: Floats
    timeframe: Timeframe
    calendar: str
    data_version: str
    synthetic: bool = False

    @classmethod
    def of(cls, bars: Bars, prices: str = "close") -> Market:
        """Spread bars into matrices.

        Parameters
        ----------
        bars : Bars
            Sorted and unique on (symbol, ts).
        prices : str
            ``close`` (default) or ``adj_close``: opens and closes are both scaled by
            ``adj_close / close``, so that dividends count as reinvested.

        Raises
        ------
        DataError
            No bars, a price of 0 or below, or no ``adj_close``.

        Examples
        --------
        >>> from augury.data.synthetic import SyntheticMarket
        >>> Market.of(SyntheticMarket(n_symbols=3, n_bars=40).bars()).close.shape
        (40, 3)
        """
        frame = bars.frame
        if prices not in ("close", "adj_close"):
            raise UsageError(f"prices='{prices}' is not known: close or adj_close")
        if prices not in frame.columns or not frame.height:
            raise DataError(f"a backtest on '{prices}' needs that column and at least one bar, found {frame.columns}")
        symbols, ts = frame["symbol"].unique().sort(), frame["ts"].unique().sort()
        row = np.searchsorted(ts.to_physical().to_numpy(), frame["ts"].to_physical().to_numpy())
        column = frame["symbol"].rank("dense").to_numpy() - 1
        scale = frame[prices].to_numpy() / frame["close"].to_numpy() if prices != "close" else None

        def spread(name: str) -> Floats:
            matrix = np.full((len(ts), len(symbols)), np.nan)
            values = frame[name].cast(pl.Float64).to_numpy()
            matrix[row, column] = values if scale is None else values * scale
            return matrix

        value = np.full((len(ts), len(symbols)), np.nan)
        value[row, column] = (frame["close"] * frame["volume"]).to_numpy()

        market = cls(
            ts, tuple(symbols.to_list()), spread("open"), spread("close"), value, bars.timeframe,
            bars.calendar, bars.data_version, bars.synthetic,
        )  # fmt: skip
        market.check()
        return market

    def check(self) -> None:
        """Refuse prices that no trade can have.

        Raises
        ------
        DataError
            A price that is 0, below, or infinite; with symbol and time.
        """
        for name, matrix in (("open", self.open), ("close", self.close)):
            wrong = np.argwhere(~(np.isnan(matrix) | ((matrix > 0) & np.isfinite(matrix))))
            if len(wrong):
                row, column = wrong[0]
                raise DataError(
                    f"{name} of {self.symbols[column]} on {self.ts[int(row)]:%Y-%m-%d} is {matrix[row, column]}; "
                    "a backtest trades at prices above 0", fix="augury data check FILE",
                )  # fmt: skip

    @property
    def days(self) -> int:
        """T, rows of every matrix."""
        return len(self.ts)

    @property
    def bars_per_year(self) -> float:
        """The annualisation factor: 252 sessions a year, 365 for markets that never close.

        An intraday or weekly bar counts as its share of a session.
        """
        from augury.data.calendar.market import market_calendar

        calendar = market_calendar(self.calendar)
        sessions = 365 if calendar.minutes_per_session >= 24 * 60 else 252
        if self.timeframe is Timeframe.W1:
            return 52.0
        return sessions * self.timeframe.bars_per_session(calendar)

    @cached_property
    def elapsed(self) -> Floats:
        """Calendar days since the row before, ``(T,)``; 0 on the first."""
        stamps = self.ts.to_physical().to_numpy()
        return np.diff(stamps, prepend=stamps[:1]) / DAY_US

    @cached_property
    def last_bar(self) -> Ints:
        """Row of each symbol's last bar, ``(N,)``; -1 where it has none."""
        known = ~np.isnan(self.close)
        last = self.days - 1 - np.argmax(known[::-1], axis=0)
        return np.where(known.any(axis=0), last, -1).astype(np.int64)

    @cached_property
    def jumps(self) -> tuple[tuple[int, int], ...]:
        """(row, column) of one-bar moves of the close beyond ``GUARD``."""
        with np.errstate(invalid="ignore"):
            move = np.abs(self.close[1:] / self.held_close[:-1] - 1)
            return tuple((int(row) + 1, int(column)) for row, column in np.argwhere(move > GUARD))

    @cached_property
    def held_close(self) -> Floats:
        """Closes in which the last known one stands on, as positions are marked; NaN before the first."""
        rows = np.where(np.isnan(self.close), -1, np.arange(self.days)[:, None])
        at = np.maximum.accumulate(rows, axis=0)
        return np.where(at < 0, np.nan, np.take_along_axis(self.close, np.maximum(at, 0), axis=0))

    @cached_property
    def average_value(self) -> Floats:
        """Mean traded value of the ``ADV_BARS`` bars *before* each row, ``(T, N)``; NaN until there are so many."""
        return _trailing(self.value, "mean")

    @cached_property
    def volatility(self) -> Floats:
        """Sample sd of the one-bar returns of the ``ADV_BARS`` bars before each row, ``(T, N)``."""
        returns = np.full_like(self.close, np.nan)
        returns[1:] = self.close[1:] / self.held_close[:-1] - 1
        return _trailing(returns, "std")


def _trailing(matrix: Floats, how: str) -> Floats:
    """Mean or sd of the last known values, moved one row on: what is known before the row's open."""
    frame = pl.DataFrame(matrix, nan_to_null=True)
    window = pl.all().rolling_mean(ADV_BARS) if how == "mean" else pl.all().rolling_std(ADV_BARS)
    moved = frame.select(window.shift(1)).to_numpy()
    return np.ascontiguousarray(moved, dtype=np.float64)
