"""The proof room, measured; one JSON line.

    python benchmarks/proof.py [--peers .peers/vectorbt/bin/python]

The backtest is that of ``benchmarks/backtest.py`` (324 symbols x 2,900 days, beside vectorbt when it is
installed), in seconds of one core's own work. The others are seconds on the clock: 1,000 block-bootstrap
resamples of a RankIC series of 2,900 days; deflated Sharpe and PBO of 200 trials of 750 days; the
causality audit of Augury's whole own path on 24 symbols of 2,500 bars.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from augury.core.metrics.bootstrap import block_sums, percentiles
from augury.core.metrics.selection import deflated_sharpe, overfitting
from augury.data.synthetic import SyntheticMarket
from augury.proof.audit import audit, own_stages

HERE = Path(__file__).parent


def main() -> None:
    """Measure every part; print one JSON line."""
    asked = _arguments()
    rng = np.random.default_rng(0)
    daily = rng.normal(0.01, 0.1, 2_900)
    trials = rng.normal(0.0, 0.01, (750, 200))
    backtest = _backtest(asked)
    report = audit(own_stages(market := SyntheticMarket(n_symbols=24, n_bars=2_500).bars()), market)
    line = {
        "bench": "proof",
        "backtest_bars_per_s": backtest["backtest_bars_per_s"],
        "vectorbt_ratio": backtest["vectorbt_ratio"],
        "bootstrap_s": round(_median(lambda: _bootstrap(daily)), 4),
        "audit_s": round(report.seconds, 1),
        "dsr_pbo_s": round(_median(lambda: (deflated_sharpe(trials[:, 0], 200), overfitting(trials))), 4),
        "audit_values": report.values,
        "audit_leaks": len(report.leaks),
    }
    print(json.dumps(line))


def _bootstrap(daily: np.ndarray) -> Any:
    sums = block_sums(daily[:, None], 20, resamples=1_000)[:, 0]
    return percentiles(sums / len(daily), float(daily.mean()), len(daily) / 20)


def _backtest(asked: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "backtest.py"), *(["--peers", str(asked.peers)] if asked.peers else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _median(act: Callable[[], Any]) -> float:
    act()
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", type=Path, help="python of the environment vectorbt is installed in")
    return parser.parse_args()


if __name__ == "__main__":
    main()
