"""TA-Lib on the indicators both have, symbol by symbol, one thread; prints values per second.

What it computes is kept as the same thing the engine gives: one float32 column for each indicator.
``kept_nothing_per_s`` is the figure when every result is thrown away at once.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import numpy as np
import polars as pl
import talib


def compute(h: np.ndarray, low: np.ndarray, c: np.ndarray, v: np.ndarray) -> list[np.ndarray]:
    """Return the indicators of one symbol, in the order of ``SHARED`` of ``benchmarks/features.py``."""
    returns, logs = talib.ROCP(c, 1), talib.LN(c)
    upper, _, lower = talib.BBANDS(c, 20)
    return [
        *(talib.SMA(c, n) for n in (10, 20, 50)),
        *(talib.EMA(c, n) for n in (12, 26)),
        *(talib.RSI(c, n) for n in (3, 7, 14, 28)),
        *talib.MACD(c, 12, 26, 9),
        *talib.STOCHF(h, low, c, 14, 3, 0),
        upper,
        lower,
        talib.NATR(h, low, c, 14),
        returns,
        *(talib.ROCP(c, n) for n in (5, 10, 20)),
        *(talib.STDDEV(returns[1:], n) for n in (5, 20)),
        *(talib.LINEARREG_SLOPE(logs, n + 1) for n in (5, 10, 20)),
        talib.WILLR(h, low, c, 14),
        talib.CCI(h, low, c, 20),
        talib.MFI(h, low, c, v, 14),
        talib.ADX(h, low, c, 14),
        talib.PLUS_DI(h, low, c, 14),
        talib.MINUS_DI(h, low, c, 14),
        talib.OBV(c, v),
        talib.AD(h, low, c, v),
    ]


frame = pl.read_parquet(sys.argv[1])
parts = [
    tuple(part[name].to_numpy() for name in ("high", "low", "close", "volume"))
    for part in frame.partition_by("symbol", maintain_order=True)
]
borders = np.cumsum([0, *(len(part[0]) for part in parts)])
width = len(compute(*parts[0]))


def table() -> np.ndarray:
    """Return every indicator of every symbol."""
    kept = np.empty((width, frame.height), np.float32)
    for last, part in zip(borders[1:], parts, strict=True):
        for row, values in enumerate(compute(*part)):
            kept[row, last - len(values) : last] = values
    return kept


def median_s(act: object) -> float:
    """Return the median of five runs, after one that warms up."""
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        act()  # type: ignore[operator]
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


values = width * frame.height
thrown = median_s(lambda: [len(compute(*part)) for part in parts])
print(json.dumps({"values_per_s": round(values / median_s(table)), "kept_nothing_per_s": round(values / thrown)}))
