"""The market beside its symbols: its level, its moves, its spread, known at the same close.

    beside = market_beside(bars)                    # the mean of the others
    beside = market_beside(bars, "^GSPC")           # an index among the bars
    engine.build(bars, "market", beside=beside)

What concerns the market alone (volatility, drawdown, lags) counts the market's sessions; what compares
a symbol with it (beta, relative strength) is written over ``market_close`` in the family ``market``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import UnknownName, UsageError
from augury.core.suggestion import did_you_mean
from augury.core.typing import Floats
from augury.features.engine import bars_per_year
from augury.features.panel.day_grid import (
    NAMES_MIN,
    DayGrid,
    count_across,
    lagged,
    past_return,
    total_across,
    trailing_sd,
)

LAGS: Final = (1, 2, 5)
_VOLATILITY, _DRAWDOWN, _FAST, _SLOW = 20, 252, 50, 200
_COLUMNS: Final = (
    "market_close", *(f"market_lag_{k}" for k in LAGS), "market_vol_20", "market_drawdown", "market_trend",
    "market_dispersion",
)  # fmt: skip


def market_beside(bars: Bars, index: str | Bars | None = None, *, leave_one_out: bool = True) -> pl.DataFrame:
    """Return the market's columns by symbol and ts, to stand beside the bars.

    A day on which fewer than three symbols trade is no session of the market. Returns are between
    neighbouring sessions: a symbol that comes back after a pause enters on its second day.

    Parameters
    ----------
    bars : Bars
        The symbols.
    index : str or Bars, optional
        What stands for the market: a symbol among ``bars``, or bars of one symbol of the same calendar
        and timeframe. Default: the equal-weighted mean return of the day's symbols.
    leave_one_out : bool
        With the mean, leave each symbol out of its own level and lags. Default True.

    Returns
    -------
    pl.DataFrame
        ``symbol, ts``, then ``market_close`` (level, 1 before its first return when it is a mean),
        ``market_lag_1 _2 _5`` (its one-session return so many sessions before the one to be forecast:
        lag 1 is the bar's own), ``market_vol_20`` (annualised), ``market_drawdown`` (from the highest
        close of 252 sessions), ``market_trend`` (1 when its 50-session mean lies above that of 200),
        ``market_dispersion`` (sample sd of the day's returns). A value is null where the market has none.

    Raises
    ------
    UnknownName
        No such symbol among the bars.
    UsageError
        The index has several symbols, or another calendar or timeframe.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> bars = SyntheticMarket(n_symbols=5, n_bars=30).bars()
    >>> market_beside(bars)["market_vol_20"].null_count() / 5
    20.0
    """
    grid = DayGrid.of(bars.frame, least=1 if index is not None else NAMES_MIN)
    closes = grid.spread(bars.frame["close"])
    returns = past_return(closes, 1)
    market = _mean_level(returns, leave_one_out=False) if index is None else _index_level(bars, index, grid, closes)
    level = _mean_level(returns, leave_one_out=True) if index is None and leave_one_out else market
    moves = past_return(level, 1)
    volatility = trailing_sd(past_return(market, 1), _VOLATILITY) * np.sqrt(bars_per_year(bars))
    found = [level, *(lagged(moves, k - 1) for k in LAGS), volatility]
    found += [_drawdown(market), _trend(market), _dispersion(returns)]
    columns = [grid.gather(values).alias(name) for name, values in zip(_COLUMNS, found, strict=True)]
    return bars.frame.select("symbol", "ts").with_columns(columns)


def _index_level(bars: Bars, index: str | Bars, grid: DayGrid, closes: Floats) -> Floats:
    """Closes of the index on the days of the grid."""
    if isinstance(index, str):
        if index not in grid.symbols:
            hint = did_you_mean(index, grid.symbols)
            raise UnknownName(f"no bars of the index '{index}'{hint} among {len(grid.symbols)} symbols", name=index)
        return np.ascontiguousarray(closes[:, grid.symbols.index(index)])
    if (index.calendar, index.timeframe) != (bars.calendar, bars.timeframe) or len(index.symbols) != 1:
        raise UsageError(
            f"the market of {bars.calendar} {bars.timeframe} bars needs one symbol of that calendar and timeframe, "
            f"found {index.symbols[:4]} of {index.calendar} {index.timeframe}: align them first"
        )
    known = pl.DataFrame({"ts": grid.days}).join(index.frame.select("ts", "close"), on="ts", how="left").sort("ts")
    return known["close"].to_numpy().astype(np.float64)


def _mean_level(returns: Floats, *, leave_one_out: bool) -> Floats:
    """The chained mean return: of all, one level a day; without oneself, one a day and symbol."""
    sums, count = total_across(returns), count_across(returns).astype(np.float64)
    count[count < NAMES_MIN] = np.nan
    if not leave_one_out:
        return _chained(sums / count)
    own = ~np.isnan(returns)
    others = sums[:, None] - np.where(own, returns, 0.0)
    return _chained(others / (count[:, None] - own))


def _chained(moves: Floats) -> Floats:
    """Levels from returns, 1 before the first; a day without a return ends what can be known of the level."""
    known = ~np.isnan(moves if moves.ndim == 1 else moves[:, 0])
    out = np.full_like(moves, np.nan)
    if known.any():
        first = int(known.argmax())
        out[first - 1] = 1.0
        out[first:] = np.cumprod(1.0 + moves[first:], axis=0)
    return out


def _drawdown(level: Floats) -> Floats:
    return level / _over(level, _DRAWDOWN, np.max) - 1.0


def _trend(level: Floats) -> Floats:
    fast, slow = _over(level, _FAST, np.mean), _over(level, _SLOW, np.mean)
    return np.where(np.isnan(slow), np.nan, (fast > slow).astype(np.float64))


def _over(level: Floats, sessions: int, statistic: Callable[..., Any]) -> Floats:
    """A statistic of the last sessions' levels, each window by itself."""
    out = np.full_like(level, np.nan)
    if len(level) >= sessions:
        windows = np.lib.stride_tricks.sliding_window_view(level, sessions, axis=0)
        out[sessions - 1 :] = statistic(windows, axis=-1)
    return out


def _dispersion(returns: Floats) -> Floats:
    """Sample standard deviation of the day's returns; NaN below three of them."""
    count = count_across(returns).astype(np.float64)
    count[count < NAMES_MIN] = np.nan
    centred = returns - (total_across(returns) / count)[:, None]
    return np.sqrt(total_across(centred * centred) / (count - 1.0))
