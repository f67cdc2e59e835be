"""The loop, measured; one JSON line.

    python benchmarks/loop.py [--parts breadth drift forecasts quarter ray retrain] [--data-folder DIR] [--symbols 24]

Every part runs in a process of its own, so that peak memory and warm caches of one do not count for another:

retrain    24 symbols x d1, h4, h1 from ``us_intraday_*.parquet`` of ``--data-folder`` with RF + GB + LightGBM, at the
           first horizon of each timeframe (``--horizons all``: at every one). Needs ``--data-folder``;
           ``retrain_cpu_s`` tells a busy machine from a slow retrain.
forecasts  500 forecasts with their consensus, from full RF + GB + LightGBM ensembles, written to the ledger.
breadth    12 symbols x m15, h1, h4, d1, w1 at all their horizons, forecast on the last day of ``--data-folder`` when
           the schedule says so (intraday ones every hour of the session, all after the close): rows of that day, as
           ``augury forecast --all --report`` counts them. Needs ``--data-folder``.
drift      the daily check over 10,000 matured forecasts in 40 cells.
quarter    ``augury simulate --sessions 63 --drift label_flip@40``.
ray        24 cells trained on two Ray workers and on a pool of two: same hashes, share of time more on a cluster that
           stands, as clusters do; ``ray_start_s`` is what starting and ending one of this machine takes.

A part that was not asked for, or that misses its data or its package, is null.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

from polars import Series, col, scan_parquet

from augury.core.bars import Bars
from augury.core.errors import MissingExtra
from augury.core.forecast import QUANTILES, Forecast
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.protocols import Executor
from augury.core.recipe import Recipe
from augury.core.score import Score, Verdict
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.core.version import MemberEntry, SliceFacts, VersionManifest
from augury.data.calendar.availability import known_at
from augury.data.synthetic import SyntheticMarket
from augury.runs.cells import Cell, plan_cells
from augury.runs.executors.pool import Pool
from augury.runs.executors.ray import Ray
from augury.runs.forecasts.all_cells import forecast_all
from augury.runs.forecasts.evaluation import mature
from augury.runs.intake import import_file
from augury.runs.monitoring.daily_check import run_daily_drift_check
from augury.runs.schedule import ENTRIES as SCHEDULE
from augury.runs.schedule.entry import Cron
from augury.runs.simulated.market import Plan, SteppedClock
from augury.runs.simulated.simulation import simulate
from augury.runs.training import train
from augury.runs.workspace import Workspace

MEMBERS: dict[str, dict[str, Any]] = {"rf": {}, "gb": {}, "lgbm": {}}
FILES = {"d1": "us_intraday_1d.parquet", "h4": "us_intraday_4h.parquet", "h1": "us_intraday_1h.parquet"}
FILE_M15 = "us_intraday_15m.parquet"
FORECASTS, MATURED, CELLS = 500, 10_000, 40
NEED_DATA = ("breadth", "retrain")
BREADTH = ["AAPL", "AMZN", "GOOG", "KO", "LLY", "META", "MSFT", "NVDA", "QQQ", "SPY", "TSLA", "UNH"]


def main() -> None:
    """Run the parts that were asked for and print one JSON line."""
    asked = _arguments()
    if asked.part:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(PARTS[asked.part](Path(folder), asked)))
        return
    line: dict[str, Any] = {"bench": "loop", **dict.fromkeys(KEYS)}
    for part in PARTS:
        if part in asked.parts and (part not in NEED_DATA or asked.data_folder):
            line |= _apart(part)
    print(json.dumps(line))


KEYS = ("retrain_s", "peak_mib", "forecasts_500_s", "drift_10k_s", "quarter_s", "ray_overhead")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--data-folder", type=Path, help="holds the bars of the part retrain")
    parser.add_argument("--symbols", type=int, default=24)
    parser.add_argument("--horizons", choices=["base", "all"], default="base")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def _apart(part: str) -> dict[str, Any]:
    """Run one part in a process of its own and read its line."""
    command = [sys.executable, __file__, "--part", part, *sys.argv[1:]]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def retrain(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Train every cell of a month's retrain."""
    with _opened(folder, workers=asked.workers) as workspace:
        for timeframe, file in FILES.items():
            path, put = asked.data_folder / file, folder / "set_aside"
            import_file(workspace.lake, path, timeframe=timeframe, calendar="XNYS", quarantine=put)
        symbols = sorted({entry.symbol for entry in workspace.lake.entries()})[: asked.symbols]
        cells = plan_cells(symbols, list(FILES))
        if asked.horizons == "base":
            cells = list({(cell.symbol, cell.timeframe): cell for cell in reversed(cells)}.values())[::-1]
        start = time.perf_counter()
        outcomes = list(train(workspace, cells, Recipe(name="loop", members=MEMBERS)))
        seconds = time.perf_counter() - start
    verdicts = [one.manifest.verdict.word if one.manifest else type(one.error).__name__ for one in outcomes]
    return {
        "retrain_s": round(seconds, 1),
        "peak_mib": _peak_mib(asked.workers),
        "retrain_cpu_s": round(_cpu_s(), 1),
        "retrain_cells": len(cells),
        "retrain_verdicts": {word: verdicts.count(word) for word in sorted(set(verdicts))},
    }


def forecasts(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Forecast what the champions of a dozen symbols say on consecutive days, until there are 500."""
    bars = SyntheticMarket(n_symbols=12, n_bars=1400, ic=0.1).bars()
    cells = plan_cells(bars.symbols, ["d1"])
    moments = _closes(bars)[-(FORECASTS // len(cells) + 1) :]
    clock = SteppedClock(moments[0])
    with _opened(folder, clock, workers=asked.workers) as workspace:
        workspace.lake.write(bars)
        list(train(workspace, cells, Recipe(name="loop", members=MEMBERS, folds=2)))
        start, rows = time.perf_counter(), 0
        for moment in moments:
            clock.at = moment
            rows += forecast_all(workspace, cells[: FORECASTS - rows]).new
        seconds = time.perf_counter() - start
    return {"forecasts_500_s": round(seconds, 2), "forecasts": rows, "champions": len(cells)}


def breadth(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Train quickly on everything before the last day, then forecast on it whenever the schedule says so."""
    clock = SteppedClock(datetime.now(UTC))
    with _opened(folder, clock, workers=asked.workers) as workspace:
        files = {name: scan_parquet(asked.data_folder / file) for name, file in {**FILES, "m15": FILE_M15}.items()}
        last = files["m15"].select(col("ts").max()).collect().item().date()
        midnight = datetime(last.year, last.month, last.day, tzinfo=UTC)
        clock.at = midnight
        cells = plan_cells(BREADTH, [*files, "w1"])
        for before in (True, False):
            for name, rows in files.items():
                wanted = col("symbol").is_in(BREADTH) & ((col("ts").dt.date() < last) | (not before))
                rows.filter(wanted).sink_parquet(folder / "part.parquet")
                put = folder / "set_aside"
                import_file(workspace.lake, folder / "part.parquet", timeframe=name, calendar="XNYS", quarantine=put)
            if before:
                recipe = Recipe(name="breadth", members={"logreg": {}}, folds=2, max_bars=2000)
                served = sum(one.error is None for one in train(workspace, cells, recipe))
        start, agreed = time.perf_counter(), 0
        for clock.at, frames in _scheduled(midnight):
            asked_for = [cell for cell in cells if not frames or cell.timeframe in frames]
            agreed += len(forecast_all(workspace, asked_for).consensus)
        seconds = time.perf_counter() - start
        rows_of = {str(day): count for day, count in workspace.store.ledger.per_day().items()}
        whole = workspace.store.ledger.verify().ok
    return {
        "breadth_rows": rows_of,
        "breadth_consensus": agreed,
        "breadth_s": round(seconds, 1),
        "breadth_cells": served,
        "breadth_verifies": whole,
    }


def _scheduled(midnight: datetime) -> list[tuple[datetime, Sequence[str]]]:
    """When the schedule forecasts on a day, and for which timeframes; all where it names none."""
    found: list[tuple[datetime, Sequence[str]]] = []
    for name in ("forecast", "forecast_intraday"):
        entry = SCHEDULE.load(name)
        assert not isinstance(entry.when, Cron)
        when = replace(entry.when, calendar="XNYS")
        frames = entry.settings.get("timeframes", ())
        assert isinstance(frames, Sequence)
        found += [(moment, frames) for moment in when.between(midnight, midnight + timedelta(days=1))]
    return sorted(found)


def drift(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Check a day whose window holds 10,000 scored forecasts."""
    each = MATURED // CELLS
    bars = SyntheticMarket(n_symbols=CELLS, n_bars=each + 1, timeframe=Timeframe.H1, calendar="24/7").bars()
    spec = LabelSpec(Timeframe.H1, "1h", 1, 0.001)
    clock = SteppedClock(_closes(bars)[0])
    with _opened(folder, clock) as workspace:
        workspace.lake.write(bars)
        said = [
            row for symbol in bars.symbols for row in _said(workspace, symbol, spec, bars.with_frame(_of(bars, symbol)))
        ]
        clock.at = _closes(bars)[-1]
        workspace.store.ledger.append(said, clock.at)
        start = time.perf_counter()
        scored = len(mature(workspace).outcomes)
        evaluated = time.perf_counter()
        report = run_daily_drift_check(workspace=workspace, day=clock.at.date())
        seconds = time.perf_counter() - evaluated
    return {
        "drift_10k_s": round(seconds, 2),
        "matured": scored,
        "evaluate_10k_s": round(evaluated - start, 2),
        "drift_rows": len(report.rows),
    }


def quarter(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Live through the simulated quarter."""
    found = simulate(Plan(sessions=63, flip=40))
    names = ("alert", "promoted", "recovered", "false_alarms", "retrains")
    return {"quarter_s": round(found.seconds, 1), "quarter": {name: getattr(found, name) for name in names}}


def ray(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Train the same cells on a pool and on a cluster of Ray; both start their processes anew."""
    try:
        cluster = Ray(asked.workers)
    except MissingExtra as error:
        return {"ray_overhead": None, "ray": error.message}
    bars = SyntheticMarket(n_symbols=24, n_bars=1500, ic=0.1).bars()
    seconds, hashes = {"pool": 0.0, "ray": 0.0}, {"pool": dict[str, str](), "ray": dict[str, str]()}
    start = time.perf_counter()
    with cluster.joined():
        around = time.perf_counter() - start
        for part, kind in enumerate(("pool", "ray", "ray", "pool")):  # in turns: what else runs here meets both
            symbols = bars.symbols[12 * (part // 2) :][:12]
            took, found = _trained(
                folder / f"{kind}{part}", bars, symbols, Pool(asked.workers) if kind == "pool" else cluster
            )
            seconds[kind], hashes[kind] = seconds[kind] + took, hashes[kind] | found
        ended = time.perf_counter()
    around += time.perf_counter() - ended
    if hashes["pool"] != hashes["ray"] or len(hashes["pool"]) != len(bars.symbols):
        raise SystemExit(f"pool and Ray differ: {hashes}")
    pool_s, ray_s = seconds["pool"], seconds["ray"]
    return {
        "ray_overhead": round(ray_s / pool_s - 1, 3),
        "ray_overhead_with_start": round((ray_s + around) / pool_s - 1, 3),
        "ray_start_s": round(around, 1),
        "pool_s": round(pool_s, 1),
        "ray_s": round(ray_s, 1),
    }


def _trained(folder: Path, bars: Bars, symbols: Sequence[str], executor: Executor) -> tuple[float, dict[str, str]]:
    """Train a cell of some symbols; seconds, and cell to hash."""
    with _opened(folder) as workspace:
        workspace.lake.write(bars)
        cells = [Cell(symbol, "d1", "5d") for symbol in symbols]
        start = time.perf_counter()
        outcomes = list(train(workspace, cells, Recipe(name="loop", members=MEMBERS), executor=executor))
        seconds = time.perf_counter() - start
    return seconds, {str(one.cell): one.manifest.content_hash for one in outcomes if one.manifest}


PARTS: dict[str, Callable[[Path, argparse.Namespace], dict[str, Any]]] = {
    "breadth": breadth,
    "drift": drift,
    "forecasts": forecasts,
    "quarter": quarter,
    "ray": ray,
    "retrain": retrain,
}


def _opened(folder: Path, clock: SteppedClock | None = None, workers: int = 1) -> Workspace:
    wanted = {"data_dir": folder, "workers": workers, "max_age_days": 36500}
    return Workspace.open(Settings.load(wanted, environ={}, start=folder.parent), clock=clock)


def _of(bars: Bars, symbol: str) -> Any:
    return bars.frame.filter(bars.frame["symbol"] == symbol)


def _closes(bars: Bars) -> list[datetime]:
    moments: Series = bars.frame["ts"].unique().sort()
    return list(known_at(moments, bars.timeframe, bars.calendar))


def _cpu_s() -> float:
    """Seconds of processor of this process and of those that ended: a busy machine leaves them nearly alone."""
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in found)


def _peak_mib(workers: int) -> int:
    # Worker processes live side by side: the parent and as many of the largest child as there were.
    own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round((own + workers * child) / 1024)


def _said(workspace: Workspace, symbol: str, spec: LabelSpec, bars: Bars) -> list[Forecast]:
    """A version without a model behind it, and what it says at the close of every bar."""
    moment, closes = "2020-01-02T00:00:00Z", _closes(bars)
    staged = workspace.store.artifacts.stage()
    (staged / "ensemble.json").write_text("{}")
    manifest = VersionManifest(
        symbol=symbol, timeframe=str(spec.timeframe), horizon=spec.horizon, calendar=bars.calendar,
        data_version="d" * 64, data_first=moment, data_last=moment,
        features=FeatureManifest((FeatureSpec("rsi_14", "momentum", ("close",), 15),)), label_spec=spec,
        recipe=Recipe(), members=(MemberEntry("gb", "ready"),), weights={"gb": 1.0},
        slices={"train": SliceFacts(moment, moment, 1)}, verdict=Verdict("skill"),
        scores=(Score("accuracy", 0.4, 0.35, 0.45, 0.36, n=400, n_eff=400.0),),
    )  # fmt: skip
    sealed = workspace.store.artifacts.seal(staged, manifest, datetime(2020, 1, 2, tzinfo=UTC))
    workspace.store.artifacts.publish(staged, sealed)
    workspace.store.versions.register(sealed, promote=True, by="benchmark")
    first = Forecast(
        symbol=symbol, timeframe=sealed.timeframe, horizon=sealed.horizon, made_at=closes[0], data_until=closes[0],
        matures_at=closes[1], version=sealed.version, artifact_hash=sealed.content_hash,
        label_spec_hash=spec.hash, data_hash="d" * 64, feature_hash=sealed.features.hash, label="BULLISH",
        p_bearish=0.2, p_neutral=0.3, p_bullish=0.5, confidence=0.5, agreement=None, current_price=100.0,
        expected_return=0.001, quantiles={name: level / 10 - 0.05 for name, level in QUANTILES.items()},
        verdict="skill", weights={"gb": 1.0},
    )  # fmt: skip
    return [replace(first, made_at=here, data_until=here, matures_at=after) for here, after in pairwise(closes)]


if __name__ == "__main__":
    main()
