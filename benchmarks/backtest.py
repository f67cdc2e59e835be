"""Speed of the backtest: decisions to ledger, equity, trade log and tear-sheet figures; one JSON line.

    python benchmarks/backtest.py                       324 symbols x 2,900 days, one core
    python benchmarks/backtest.py --peers PYTHON        the environment vectorbt is installed in

Bars are drawn at random; every symbol is traded on every day, which is the worst case. The figures
hold the bootstrap intervals of three Sharpe ratios and the ledger of buy and hold; capacity is left
out on both sides. Both are timed in seconds of one core's own work, so that a busy machine slows
neither. ``vectorbt_ratio`` is null where vectorbt is not installed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import polars as pl

from augury.core.timeframe import Timeframe
from augury.portfolio.backtest import Account, Costs, Market, figures, run_backtest
from augury.portfolio.backtest.ledger import keep_ledger

HERE = Path(__file__).parent
COSTS, ACCOUNT = Costs(10, 0, 5, 0), Account(1e6, whole_shares=False)


def drawn(symbols: int, days: int) -> tuple[Market, np.ndarray]:
    """Return a market and weights whose absolute values sum to 1 each day."""
    rng = np.random.default_rng(7)
    closes = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (days, symbols)), axis=0))
    opens = closes * np.exp(rng.normal(0, 0.003, (days, symbols)))
    weights = rng.random((days, symbols))
    weights /= weights.sum(axis=1, keepdims=True)
    first = datetime(2012, 1, 2, tzinfo=UTC)
    ts = pl.datetime_range(first, first + timedelta(days=days - 1), "1d", time_unit="us", eager=True)
    names = tuple(f"S{number:03d}" for number in range(symbols))
    value = np.full_like(closes, 1e8)
    return Market(ts, names, opens, closes, value, Timeframe.D1, "XNYS", "0" * 64, True), weights


def median_s(act: object, runs: int) -> float:
    """Return the median of some runs, after one that warms up."""
    seconds = []
    for _ in range(runs + 1):
        start = time.process_time()
        act()  # type: ignore[operator]
        seconds.append(time.process_time() - start)
    return statistics.median(seconds[1:])


def peer(python: Path, market: Market, weights: np.ndarray) -> dict[str, float] | None:
    """What vectorbt does with the same decisions, or None where it is not installed."""
    if not python.is_file():
        return None
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / "case.npz"
        np.savez(held, open=market.open, close=market.close, weights=weights)
        command = [str(python), str(HERE / "peers" / "vectorbt_orders.py"), str(held)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    installed = HERE.parent / ".peers/vectorbt/bin/python"
    parser.add_argument("--peers", type=Path, default=installed, help="python of the peers")
    parser.add_argument("--symbols", type=int, default=324)
    parser.add_argument("--days", type=int, default=2900)
    parser.add_argument("--runs", type=int, default=9)
    asked = parser.parse_args()
    market, weights = drawn(asked.symbols, asked.days)
    bars = weights.size
    whole = median_s(lambda: figures(run_backtest(market, weights, costs=COSTS, account=ACCOUNT)), asked.runs)
    ledger = median_s(lambda: keep_ledger(market, weights, COSTS, ACCOUNT), asked.runs)
    theirs = peer(asked.peers, market, weights)
    ours = run_backtest(market, weights, costs=COSTS, account=ACCOUNT)
    line = {
        "bench": "backtest",
        "backtest_bars_per_s": round(bars / whole),
        "ledger_bars_per_s": round(bars / ledger),
        "vectorbt_bars_per_s": theirs and theirs["bars_per_s"],
        "vectorbt_ratio": theirs and round(bars / whole / theirs["bars_per_s"], 1),
        "equity_last": round(float(ours.ledger.day("equity")[-1]), 2),
        "vectorbt_equity_last": theirs and theirs["equity_last"],
        "trades": len(ours.ledger.trade_row),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
