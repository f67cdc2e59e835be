"""TA-Lib on the indicators both have, symbol by symbol, one thread; prints values per second."""

from __future__ import annotations

import json
import statistics
import sys
import time

import numpy as np
import polars as pl
import talib


def compute(o: np.ndarray, h: np.ndarray, low: np.ndarray, c: np.ndarray) -> int:
    """Return how many columns were computed."""
    out = [*(talib.SMA(c, n) for n in (10, 20, 50)), *(talib.EMA(c, n) for n in (12, 26))]
    out += [talib.RSI(c, n) for n in (3, 7, 14, 28)]
    out += [*talib.MACD(c, 12, 26, 9), *talib.STOCH(h, low, c, 14, 3, 0, 3, 0)]
    upper, _, lower = talib.BBANDS(c, 20)
    out += [upper, lower, talib.ATR(h, low, c, 14), talib.ROC(c, 10), talib.MOM(c, 5), talib.MOM(c, 20)]
    out += [talib.STDDEV(c, 5), talib.STDDEV(c, 20)]
    return len(out)


frame = pl.read_parquet(sys.argv[1])
parts = [
    tuple(part[name].to_numpy() for name in ("open", "high", "low", "close"))
    for part in frame.partition_by("symbol", maintain_order=True)
]
seconds = []
for _ in range(6):
    start = time.perf_counter()
    columns = [compute(*part) for part in parts]
    seconds.append(time.perf_counter() - start)
print(json.dumps({"values_per_s": round(columns[0] * frame.height / statistics.median(seconds[1:]))}))
