"""Decisions as a matrix: frames of weights laid onto the rows and columns of a market."""

from __future__ import annotations

import numpy as np
import polars as pl

from augury.core.bars import TIMESTAMP
from augury.core.errors import DataError
from augury.core.typing import Floats
from augury.portfolio.backtest.market import Market


def lay_out(market: Market, weights: pl.DataFrame) -> Floats:
    """Lay a frame of decisions onto a market.

    Parameters
    ----------
    market : Market
        Gives rows and columns.
    weights : pl.DataFrame
        Long (``symbol, ts, weight``) or wide (``ts`` and one column a symbol); ``ts`` is the bar at
        whose close the weight is decided. Null is no decision. On a moment that a long frame
        mentions, a symbol it does not mention is decided to be 0; on any other moment nothing is
        decided.

    Returns
    -------
    (T, N)
        NaN where nothing is decided.

    Raises
    ------
    DataError
        Missing columns, symbols or moments the market does not have, or a decision said twice.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> market = Market.of(SyntheticMarket(n_symbols=2, n_bars=40).bars())
    >>> said = pl.DataFrame({"symbol": ["SYN001"], "ts": market.ts[:1], "weight": [0.5]})
    >>> lay_out(market, said)[:2].tolist()
    [[0.5, 0.0], [nan, nan]]
    """
    if "ts" not in weights.columns:
        raise DataError(f"weights have columns {weights.columns}; they need ts, and symbol and weight or one a symbol")
    # A file may hold dates or naive times; both name the bar by its open in UTC.
    stamps = weights["ts"].cast(pl.Datetime("us")) if weights["ts"].dtype != TIMESTAMP else weights["ts"]
    weights = weights.with_columns(stamps.dt.replace_time_zone("UTC") if stamps.dtype != TIMESTAMP else stamps)
    long = {"symbol", "weight"} <= set(weights.columns)
    if not long:
        weights = weights.unpivot(index="ts", variable_name="symbol", value_name="weight")
    matrix = np.full(market.close.shape, np.nan)
    rows, columns = _places(market, weights)
    if long:
        matrix[np.unique(rows)] = 0.0
    matrix[rows, columns] = weights["weight"].cast(pl.Float64).to_numpy()
    return matrix


def _places(market: Market, weights: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    known = pl.DataFrame({"symbol": market.symbols, "column": np.arange(len(market.symbols))})
    moments = pl.DataFrame({"ts": market.ts, "row": np.arange(market.days)})
    placed = weights.select("symbol", "ts").join(known, on="symbol", how="left", maintain_order="left")
    placed = placed.join(moments, on="ts", how="left", maintain_order="left")
    stray = placed.filter(pl.col("column").is_null() | pl.col("row").is_null())
    if stray.height:
        first = stray.row(0, named=True)
        raise DataError(
            f"{stray.height} weights stand on no bar, the first for {first['symbol']} on {first['ts']}: "
            "ts is the open of the bar at whose close the weight is decided"
        )
    if placed.select("row", "column").is_duplicated().any():
        twice = placed.filter(placed.select("row", "column").is_duplicated()).row(0, named=True)
        raise DataError(f"the weight of {twice['symbol']} on {twice['ts']} is given twice: one decision a bar")
    return placed["row"].to_numpy(), placed["column"].to_numpy()
