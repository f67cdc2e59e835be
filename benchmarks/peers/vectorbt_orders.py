"""vectorbt on the same orders: ``Portfolio.from_orders`` with its stats, one thread; prints bars per second.

Same prices, target weights, commission and slippage, one cash account over all symbols, orders
written to the log. The weights of the day before are handed in, so that both fill at the open.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import numpy as np
import pandas as pd
import vectorbt as vbt

held = np.load(sys.argv[1])
opens, closes, weights = held["open"], held["close"], held["weights"]
dates = pd.date_range("2012-01-02", periods=len(opens), freq="B")
fill, close = pd.DataFrame(opens, dates), pd.DataFrame(closes, dates)
size = pd.DataFrame(np.vstack([np.full((1, opens.shape[1]), np.nan), weights[:-1]]), dates)


def act() -> float:
    """Keep the ledger and compute the stats; return the last equity."""
    portfolio = vbt.Portfolio.from_orders(
        close, size=size, size_type="targetpercent", price=fill, fees=0.001, slippage=0.0005, init_cash=1e6,
        cash_sharing=True, group_by=True, call_seq="auto", freq="D",
    )  # fmt: skip
    portfolio.stats()
    return float(portfolio.value().iloc[-1])


seconds = []
for _ in range(4):
    start = time.process_time()
    last = act()
    seconds.append(time.process_time() - start)
median = statistics.median(seconds[1:])
print(json.dumps({"bars_per_s": round(opens.size / median), "equity_last": round(last, 2)}))
