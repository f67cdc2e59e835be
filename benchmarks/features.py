"""The feature engine, measured beside its peers; one JSON line.

    python benchmarks/features.py [--data FILE] [--peers .peers/bin/python]

Values per second count every feature value of the technical and relative sets that the bars can have.
Ratios are values per core-second against each peer in the same run, on the same bars; ours runs on
one core for them. TA-Lib and Polars are compared on the indicators or windows both have. Peers that
are not installed are null: ``make bench-peers`` installs them in an environment of their own.
Without ``--data`` the seeded synthetic market stands in for a real panel, and the line says so.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import polars as pl

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.manifest import FeatureManifest
from augury.data.synthetic import SyntheticMarket

HERE = Path(__file__).parent
REPEATS = 5
SHARED = (
    "sma_10", "sma_20", "sma_50", "ema_12", "ema_26", "rsi_3", "rsi_7", "rsi_14", "rsi_28", "macd", "macd_signal",
    "macd_histogram", "stoch_k", "stoch_d", "bb_upper", "bb_lower", "atr_percent", "returns", "momentum_5d",
    "rate_of_change_10d", "momentum_20d", "volatility_5d", "volatility_20d", "velocity_5d", "velocity_10d",
    "velocity_20d", "williams_r_14", "cci_20", "mfi_14", "adx_14", "plus_di_14", "minus_di_14", "obv",
    "accumulation_distribution",
)  # fmt: skip
"""Every indicator that is one function of TA-Lib (there in price units or running totals; ours are made relative
on top); their values are compared in ``tests/features/test_against_talib.py``."""


def main() -> None:
    """Measure every part in a process of its own; print one JSON line."""
    asked = _arguments()
    if asked.part:
        print(json.dumps(PARTS[asked.part](_bars(asked), asked)))
        return
    both, one = _part("engine", asked, cores=asked.cores), _part("engine", asked, cores=1)
    shared, windows = _part("shared", asked, cores=1), _part("windows", asked, cores=1)
    talib, qlib = _peer("talib_indicators.py", asked), _peer("qlib_alpha158.py", asked)
    line = {
        "bench": "features",
        "values_per_s": both["values_per_s"],
        "values_per_core_s": one["values_per_s"],
        "peak_mib": both["peak_mib"],
        "qlib_ratio": _ratio(one["values_per_s"], qlib),
        "talib_ratio": _ratio(shared["values_per_s"], talib),
        "polars_ratio": round(windows["ours_per_s"] / windows["polars_per_s"], 2),
        "incremental_ms": _part("incremental", asked, cores=asked.cores)["ms"],
        **_part("five_million", asked, cores=asked.cores),
        "day_batches_per_s": _part("day_batches", asked, cores=1)["per_s"],
        "checks_s": _part("checks", asked, cores=asked.cores)["s"],
        "start_s": both["start_s"],
        "features": both["features"],
        "rows": both["rows"],
        "cores": asked.cores,
        "peers": {"qlib": qlib, "talib": talib, "polars": windows["polars_per_s"]},
        "data": asked.data.name if asked.data else "synthetic",
    }
    print(json.dumps(line))


def engine(bars: Bars, asked: argparse.Namespace) -> dict[str, Any]:
    """Every technical and relative feature, the whole panel, warm."""
    start = time.perf_counter()
    from augury.features import build

    build(bars.with_frame(bars.frame.head(60)), "starter")
    start_s = time.perf_counter() - start
    manifest = _everything(bars)
    seconds = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        table = build(bars, manifest)
        seconds.append(time.perf_counter() - start)
        del table
    values = len(manifest.names) * bars.frame.height
    return {
        "values_per_s": round(values / statistics.median(seconds[1:])),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "start_s": round(start_s, 2),
        "features": len(manifest.names),
        "rows": bars.frame.height,
    }


def shared(bars: Bars, asked: argparse.Namespace) -> dict[str, Any]:
    """The indicators TA-Lib has too."""
    from augury.features import build, manifest_for

    found = {spec.name: spec for spec in manifest_for(bars, "all").features}
    manifest = FeatureManifest(tuple(found[name] for name in SHARED))
    seconds = _median(lambda: build(bars, manifest))
    return {"values_per_s": round(len(manifest.names) * bars.frame.height / seconds)}


def windows(bars: Bars, asked: argparse.Namespace) -> dict[str, Any]:
    """Means, deviations, extremes, lags and exponential means in Polars and in the machine."""
    from augury.features import language as say
    from augury.features import machine
    from augury.features.engine import symbol_starts
    from augury.features.program import compile_terms

    spans = (5, 10, 20, 30, 60)
    close = pl.col("close")
    theirs = [
        expression.over("symbol").alias(f"{k}_{n}")
        for n in spans
        for k, expression in enumerate(
            (close.rolling_mean(n), close.rolling_std(n), close.rolling_min(n), close.rolling_max(n), close.shift(n),
             close.ewm_mean(span=n, adjust=False))
        )
    ]  # fmt: skip
    words = (say.mean, say.sd, say.lowest, say.highest, say.lag, say.ema)
    terms = [word(say.close, n) for n in spans for word in words]
    program, starts = compile_terms(terms, [1] * len(terms)), symbol_starts(bars.frame)
    parts = machine.segments(starts, bars.frame.height)
    column = bars.frame["close"].to_numpy()
    values = len(terms) * bars.frame.height
    return {
        "ours_per_s": round(values / _median(lambda: machine.run(program, [column], parts, double=True))),
        "polars_per_s": round(values / _median(lambda: bars.frame.select(theirs))),
    }


def incremental(bars: Bars, asked: argparse.Namespace) -> dict[str, Any]:
    """One new bar for 500 symbols through the local cache: read, hash, compute, keep."""
    from augury.features.cache import FeatureCache, backend_of

    universe = _universe(bars, 500, 600)
    last = universe.frame["ts"].max()
    manifest = _everything(universe)
    seconds = []
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        cache = FeatureCache(backend_of(folder), manifest)
        days = universe.frame["ts"].unique().sort().tail(REPEATS + 1)
        cache.refresh(universe.with_frame(universe.frame.filter(pl.col("ts") < days[0])))
        for day in days:
            new = universe.with_frame(universe.frame.filter(pl.col("ts") == day))
            start = time.perf_counter()
            answer = cache.extend(new)
            seconds.append(time.perf_counter() - start)
    if answer.computed != 500 or answer.table.frame["ts"].max() != last:
        raise SystemExit("the cache did not compute one row for each symbol: nothing is reported")
    return {"ms": round(1000 * statistics.median(seconds[1:]), 1)}


def five_million(bars: Bars, asked: argparse.Namespace) -> dict[str, Any]:
    """Five million rows, a chunk of symbols at a time, every chunk let go."""
    from augury.features import build

    rows = 5_000_000
    chunk = _universe(bars, 250_000 // 2_500, 2_500)
    manifest, done = _everything(chunk), 0
    build(chunk, manifest)
    start = time.perf_counter()
    while done < rows:
        done += build(chunk, manifest).frame.height
    seconds = time.perf_counter() - start
    return {
        "five_million_values_per_s": round(len(manifest.names) * done / seconds),
        "five_million_peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def day_batches(bars: Bars, asked: argparse.Namespace) -> dict[str, Any]:
    """Random batches of twenty days from the mapped cache of these features, every byte summed."""
    from augury.data.arrow_cache import ArrowCache
    from augury.data.arrow_cache.build import build_cache
    from augury.data.panel.roles import Roles
    from augury.features import build

    sys.path.insert(0, str(HERE))
    from cache import measure_day_batches

    table = build(bars, _everything(bars))
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        path = Path(folder) / "features.arrow"
        # The meter sums whole batches: what is unknown counts as 0 here, which costs the same to read.
        build_cache(table.frame.fill_null(0.0), path, Roles.from_manifest(table.manifest))
        return {"per_s": round(measure_day_batches(ArrowCache.open(path)))}


def checks(bars: Bars, asked: argparse.Namespace) -> dict[str, Any]:
    """Every rule over the whole panel."""
    from augury.data.checks import run

    return {"s": round(_median(lambda: run(bars)), 2)}


PARTS = {
    "engine": engine,
    "shared": shared,
    "windows": windows,
    "incremental": incremental,
    "five_million": five_million,
    "day_batches": day_batches,
    "checks": checks,
}


def _everything(bars: Bars) -> FeatureManifest:
    from augury.features import manifest_for

    return FeatureManifest(manifest_for(bars, "technical").features + manifest_for(bars, "relative").features)


def _universe(bars: Bars, symbols: int, rows: int) -> Bars:
    """So many symbols of so many bars each, cut from the panel's longest histories under new names."""
    long = bars.frame.filter(pl.len().over("symbol") >= rows).group_by("symbol", maintain_order=True).tail(rows)
    parts = long.partition_by("symbol", maintain_order=True)
    days = parts[0]["ts"]
    made = [parts[k % len(parts)].with_columns(symbol=pl.lit(f"S{k:04d}"), ts=days) for k in range(symbols)]
    return bars.with_frame(pl.concat(made).select(*bars.frame.columns))


def _median(act: Any) -> float:
    act()
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _bars(asked: argparse.Namespace) -> Bars:
    if asked.data is None:
        return SyntheticMarket(n_symbols=324, n_bars=2671).bars()
    frame = pl.read_parquet(asked.data)
    canonical = frame.select(pl.col(name).cast(kind) for name, kind in BAR_SCHEMA.items()).sort("symbol", "ts")
    return replace(SyntheticMarket(n_symbols=1, n_bars=60).bars(), frame=canonical, synthetic=False, provider="file")


def _part(name: str, asked: argparse.Namespace, *, cores: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--part", name, "--folder", str(asked.folder or tempfile.gettempdir())]
    command += ["--data", str(asked.data)] if asked.data else []
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"POLARS_MAX_THREADS": str(cores)})
    if done.returncode:
        raise SystemExit(f"part {name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def _peer(script: str, asked: argparse.Namespace) -> int | None:
    """Values per core-second of a peer, or None where it is not installed."""
    if not asked.peers.is_file():
        return None
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        panel = Path(folder) / "panel.parquet"
        frame = _bars(asked).frame
        some = frame["symbol"].unique().sort().head(asked.peer_symbols).to_list()
        frame.filter(pl.col("symbol").is_in(some)).write_parquet(panel)
        threads = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
        )
        command = [str(asked.peers), str(HERE / "peers" / script), str(panel)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | threads)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return None
    return int(json.loads(done.stdout.splitlines()[-1])["values_per_s"])


def _ratio(ours: float, theirs: int | None) -> float | None:
    return None if theirs is None else round(ours / theirs, 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="Parquet of daily bars instead of the synthetic market")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".peers/bin/python", help="python of the peers")
    parser.add_argument("--peer-symbols", type=int, default=60, help="symbols the peers are measured on")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--folder", type=Path, help="where temporary files go")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
