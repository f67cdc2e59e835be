"""The market as one price: of a symbol, or the equal-weighted mean of all of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from augury.core.errors import UsageError
from augury.core.suggestion import did_you_mean
from augury.labels.group_means import codes_of, group_means


def market_levels(frame: pl.LazyFrame, market: str | None) -> pl.DataFrame:
    """Return the market's open and close on every date.

    Levels, not returns: a symbol that missed a day then compares its own two-day return with the
    market's over the same two days.

    Parameters
    ----------
    frame : pl.LazyFrame
        ``symbol, ts, open_, close_``, sorted.
    market : str, optional
        The symbol that stands for the market; None compounds the mean of all symbols' returns from the
        close before, to the open and to the close.

    Returns
    -------
    pl.DataFrame
        ``ts, market_open_, market_close_``.

    Raises
    ------
    UsageError
        The symbol is not there.

    Examples
    --------
    >>> rows = {"symbol": ["A", "A", "B", "B"], "ts": [1, 2, 1, 2], "close_": [1.0, 1.1, 2.0, 2.6]}
    >>> frame = pl.LazyFrame(rows).with_columns(pl.col("close_").alias("open_"))
    >>> market_levels(frame, None)["market_close_"].round(6).to_list()
    [1.0, 1.2]
    """
    if market is not None:
        own = frame.filter(pl.col("symbol") == market).select(
            "ts", pl.col("open_").alias("market_open_"), pl.col("close_").alias("market_close_")
        )
        found = own.collect()
        if found.is_empty():
            names = frame.select("symbol").unique().collect()["symbol"].sort().to_list()
            raise UsageError(f"no bars of the market '{market}'{did_you_mean(market, names)}")
        return found
    before = pl.col("close_").shift(1).over("symbol")
    returns = frame.select("ts", to_open=pl.col("open_") / before, to_close=pl.col("close_") / before).collect()
    codes = codes_of(returns.select("ts"))
    to_open, to_close = (group_means(returns[name].to_numpy(), codes)[0][:-1] for name in ("to_open", "to_close"))
    # On the first date nobody has a return: the level begins there.
    close = np.cumprod(np.where(np.isfinite(to_close), to_close, 1.0))
    opened = np.concatenate([[np.nan], close[:-1]]) * to_open
    days = returns["ts"].unique().sort()
    return pl.DataFrame({"ts": days, "market_open_": opened, "market_close_": close})
