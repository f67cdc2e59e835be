"""The loop, measured; one JSON line.

    python benchmarks/loop.py [--parts drift forecasts quarter ray retrain] [--data-folder DIR] [--symbols 24]

Every part runs in a process of its own, so that peak memory and warm caches of one do not count for another:

retrain    24 symbols x d1, h4, h1 from ``us_intraday_*.parquet`` of ``--data-folder`` with RF + GB + LightGBM, at the
           first horizon of each timeframe (``--horizons all``: at every one). Needs ``--data-folder``.
forecasts  500 forecasts with their consensus, from full RF + GB + LightGBM ensembles, written to the ledger.
drift      the daily check over 10,000 matured forecasts in 40 cells.
quarter    ``augury simulate --sessions 63 --drift label_flip@40``.
ray        24 cells trained on two Ray workers and on a pool of two: same hashes, share of time more, starts included.

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
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

from polars import Series

from augury.core.bars import Bars
from augury.core.errors import MissingExtra
from augury.core.forecast import QUANTILES, Forecast
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.recipe import Recipe
from augury.core.score import Score, Verdict
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.core.version import MemberEntry, SliceFacts, VersionManifest
from augury.data.calendar.availability import known_at
from augury.data.synthetic import SyntheticMarket
from augury.runs.cells import Cell, plan_cells
from augury.runs.evaluation import mature
from augury.runs.executors import EXECUTORS
from augury.runs.forecast_job import forecast_all
from augury.runs.intake import import_file
from augury.runs.monitoring.daily_check import run_daily_drift_check
from augury.runs.simulated_market import Plan, SteppedClock
from augury.runs.simulation import simulate
from augury.runs.training import train
from augury.runs.workspace import Workspace

MEMBERS: dict[str, dict[str, Any]] = {"rf": {}, "gb": {}, "lgbm": {}}
FILES = {"d1": "us_intraday_1d.parquet", "h4": "us_intraday_4h.parquet", "h1": "us_intraday_1h.parquet"}
FORECASTS, MATURED, CELLS = 500, 10_000, 40


def main() -> None:
    """Run the parts that were asked for and print one JSON line."""
    asked = _arguments()
    if asked.part:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(PARTS[asked.part](Path(folder), asked)))
        return
    line: dict[str, Any] = {"bench": "loop", **dict.fromkeys(KEYS)}
    for part in PARTS:
        if part in asked.parts and (part != "retrain" or asked.data_folder):
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
    """Train the same cells on a pool and on Ray, the start of their processes included."""
    bars = SyntheticMarket(n_symbols=24, n_bars=1500, ic=0.1).bars()
    recipe, seconds, hashes = Recipe(name="loop", members=MEMBERS), {}, {}
    for kind in ("pool", "ray"):
        try:
            executor = EXECUTORS.load(kind)(asked.workers)
        except MissingExtra as error:
            return {"ray_overhead": None, "ray": error.message}
        with _opened(folder / kind) as workspace:
            workspace.lake.write(bars)
            cells = [Cell(symbol, "d1", "5d") for symbol in bars.symbols]
            start = time.perf_counter()
            outcomes = list(train(workspace, cells, recipe, executor=executor))
            seconds[kind] = time.perf_counter() - start
            hashes[kind] = {str(one.cell): one.manifest.content_hash for one in outcomes if one.manifest}
    if hashes["pool"] != hashes["ray"] or len(hashes["pool"]) != len(bars.symbols):
        raise SystemExit(f"pool and Ray differ: {hashes}")
    return {
        "ray_overhead": round(seconds["ray"] / seconds["pool"] - 1, 3),
        "pool_s": round(seconds["pool"], 1),
        "ray_s": round(seconds["ray"], 1),
    }


PARTS: dict[str, Callable[[Path, argparse.Namespace], dict[str, Any]]] = {
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
