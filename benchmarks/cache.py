"""The Arrow cache, measured on bytes that are really read; one JSON line.

    python benchmarks/cache.py [--rows 865498] [--features 168] [--symbols 324] [--folder DIR]

A synthetic panel is written as Parquet (zstd) and as a cache. *Sum* is the seconds to sum every
column, so every byte is touched: mapping a file is no read. *Cold* means that the pages of the file
were dropped from the page cache before (``posix_fadvise``); a host's own disk cache may still hold
them. Day batches are random whole days with all symbols, each batch summed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
import polars as pl

from augury.core.timeframe import Timeframe
from augury.data.arrow_cache import ArrowCache
from augury.data.arrow_cache.build import build_cache
from augury.data.arrow_cache.day_batches import DayBatches
from augury.data.calendar.openings import opening_times
from augury.data.panel.roles import Roles

STRIP_ROWS = 4096


def main() -> None:
    """Write the panel, build its cache, read both; print one JSON line."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        panel, path = Path(folder) / "panel.parquet", Path(folder) / "panel.arrow"
        _write_panel(panel, asked)
        start = time.perf_counter()
        build_cache(panel, path, Roles({f"f{at:03d}": "feature" for at in range(asked.features)}))
        build_s = time.perf_counter() - start
        built_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        ways = {"parquet": (panel, _sum_parquet), "cache": (path, _sum_cache)}
        seconds, totals = {}, {}
        for way, (file, read) in ways.items():
            _drop(file)
            for state in ("cold", "warm"):
                start = time.perf_counter()
                totals[way] = read(file)
                seconds[f"{way}_sum_s_{state}"] = round(time.perf_counter() - start, 3)
        if not np.allclose(totals["parquet"], totals["cache"], rtol=1e-3, atol=1.0):
            raise SystemExit("the sums of Parquet and cache differ: nothing is reported")
        start = time.perf_counter()
        cache = ArrowCache.open(path)
        open_ms = 1000 * (time.perf_counter() - start)
        line = {
            "bench": "cache",
            **seconds,
            "day_batches_per_s": round(measure_day_batches(cache)),
            "single_days_per_s": round(measure_day_batches(cache, days_per_batch=1, batches=5000)),
            "open_ms": round(open_ms, 1),
            "build_s": round(build_s, 1),
            "build_peak_mib": round(built_mib),
            "rows": len(cache),
            "features": len(cache.inputs),
            "parquet_mib": round(panel.stat().st_size / 2**20),
            "cache_mib": round(path.stat().st_size / 2**20),
            "data": "synthetic",
            "python": sys.version.split()[0],
        }
    print(json.dumps(line))


def measure_day_batches(cache: ArrowCache, days_per_batch: int = 20, batches: int = 1000, seed: int = 0) -> float:
    """Random batches of whole days a second, every byte of each summed; one epoch warms up.

    Parameters
    ----------
    cache : ArrowCache
    days_per_batch : int
        Whole days of all symbols in a batch.
    batches : int
        How many are timed, at least.
    seed : int
        Of the order of days.
    """
    source = DayBatches(cache, days_per_batch, seed=seed, min_names=1)
    total, done, epoch = sum(float(batch.X.sum()) for batch in source.epoch(0)), 0, 1
    start = time.perf_counter()
    while done < batches:
        for batch in source.epoch(epoch):
            total += float(batch.X.sum())
            done += 1
        epoch += 1
    elapsed = time.perf_counter() - start
    if not np.isfinite(total):
        raise SystemExit("a batch held values that are not finite: nothing is reported")
    return done / elapsed


def _write_panel(path: Path, asked: argparse.Namespace) -> None:
    """Rows of symbols by day, in the order of symbols, as a feature engine writes them."""
    n_days = -(-asked.rows // asked.symbols)
    days = pl.Series("ts", opening_times(Timeframe.D1, "XNYS", datetime(2000, 1, 3, tzinfo=UTC), n_days))
    names = pl.DataFrame({"symbol": [f"SYN{at:03d}" for at in range(asked.symbols)]})
    keys = names.join(days.to_frame(), how="cross").head(asked.rows)
    rng = np.random.default_rng(42)
    values = [
        pl.Series(f"f{at:03d}", rng.standard_normal(keys.height, dtype=np.float32)) for at in range(asked.features)
    ]
    keys.with_columns(values).write_parquet(path, compression="zstd", compression_level=1)


def _sum_parquet(path: Path) -> np.ndarray:
    frame = pl.read_parquet(path)
    return np.array([frame[name].sum() for name in frame.columns if name.startswith("f")])


def _sum_cache(path: Path) -> np.ndarray:
    cache = ArrowCache.open(path)
    total = np.zeros(len(cache.inputs))
    for at in range(0, len(cache), STRIP_ROWS):
        total += cache.rows(slice(at, at + STRIP_ROWS)).sum(axis=0)
    return total


def _drop(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=865_498)
    parser.add_argument("--features", type=int, default=168)
    parser.add_argument("--symbols", type=int, default=324)
    parser.add_argument("--folder", type=Path, help="where the files are written; default the temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
