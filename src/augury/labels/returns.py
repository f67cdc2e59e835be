"""Returns and volatility per symbol: what followed, what was, and how much it moves.

``fwd_ret`` looks ahead, ``past_ret`` looks back; they are never the same column, and
``fwd_ret_1[t] == past_ret_1[t + 1]``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from augury.core.tables import FORWARD_RETURN, LABEL_END, PAST_RETURN, VOLATILITY

EWMA_DECAY: Final = 0.94
VOLATILITY_BARS: Final = 20
"""Bars before the first volatility: fewer returns say too little."""


def forward_return(price: str = "close", bars: int = 1) -> pl.Expr:
    """Simple return over the next ``bars`` bars, ``P[t+h] / P[t] - 1``; null on the last ``bars`` rows.

    Looks ahead ``bars`` bars: a target, never a feature.

    Parameters
    ----------
    price : str
        Column of prices, e.g. ``close`` or ``adj_close``.
    bars : int
        Bars ahead, at least 1.

    Examples
    --------
    >>> frame = pl.DataFrame({"symbol": ["A"] * 3, "close": [1.0, 2.0, 3.0]})
    >>> frame.select(forward_return(), past_return())
    shape: (3, 2)
    ┌─────────┬──────────┐
    │ fwd_ret ┆ past_ret │
    │ ---     ┆ ---      │
    │ f64     ┆ f64      │
    ╞═════════╪══════════╡
    │ 1.0     ┆ null     │
    │ 0.5     ┆ 1.0      │
    │ null    ┆ 0.5      │
    └─────────┴──────────┘
    """
    ahead = pl.col(price).shift(-bars).over("symbol")
    return (ahead / pl.col(price) - 1.0).alias(FORWARD_RETURN)


def past_return(price: str = "close", bars: int = 1) -> pl.Expr:
    """Simple return over the last ``bars`` bars, ``P[t] / P[t-h] - 1``; null on the first ``bars`` rows.

    Parameters
    ----------
    price : str
        Column of prices, e.g. ``close`` or ``adj_close``.
    bars : int
        Bars back, at least 1.

    Examples
    --------
    >>> frame = pl.DataFrame({"symbol": ["A", "A", "B"], "close": [2.0, 3.0, 9.0]})
    >>> frame.select(past_return()).to_series().to_list()
    [None, 0.5, None]
    """
    before = pl.col(price).shift(bars).over("symbol")
    return (pl.col(price) / before - 1.0).alias(PAST_RETURN)


def volatility(price: str = "close") -> pl.Expr:
    """Exponentially weighted standard deviation of one-bar returns through bar t, per bar.

    ``sqrt(sum_j 0.94^j r[t-j]^2 / sum_j 0.94^j)``, mean taken as zero; the weights are normalised,
    so the first return is not overweighted. Null on the first 20 bars of each symbol; looks ahead
    0 bars. Source: RiskMetrics technical document (1996).

    Parameters
    ----------
    price : str
        Column of prices, e.g. ``close`` or ``adj_close``.

    Examples
    --------
    >>> prices = [1.01 ** (day % 2) for day in range(40)]
    >>> frame = pl.DataFrame({"symbol": ["A"] * 40, "close": prices})
    >>> frame.select(volatility()).to_series().round(3).tail(2).to_list()
    [0.01, 0.01]
    """
    one_bar = pl.col(price) / pl.col(price).shift(1) - 1.0
    weighted = (one_bar**2).ewm_mean(alpha=1.0 - EWMA_DECAY, adjust=True, ignore_nulls=True).sqrt()
    known = pl.int_range(pl.len()) >= VOLATILITY_BARS
    return pl.when(known).then(weighted).over("symbol").alias(VOLATILITY)


def label_end(bars: int) -> pl.Expr:
    """``ts`` of the bar whose close decides a label of ``bars`` bars; null on the last ``bars`` rows.

    Parameters
    ----------
    bars : int
        Bars ahead the label looks, at least 1.

    Examples
    --------
    >>> frame = pl.DataFrame({"symbol": ["A"] * 3, "ts": [1, 2, 3]})
    >>> frame.select(label_end(2)).to_series().to_list()
    [3, None, None]
    """
    return pl.col("ts").shift(-bars).over("symbol").alias(LABEL_END)
