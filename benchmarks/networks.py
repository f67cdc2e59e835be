"""Do networks rank better than ridge and LightGBM? Written into docs/benchmarks.md as it comes out; one JSON line.

    python benchmarks/networks.py --data-folder DIR [--panel us_large --panel india] [--every 4] [--seeds 3]

Every ``--every``-th symbol by name, the days from ``--from`` on, a walk forward with the purge of the longest
horizon and entry one close later. Networks: LSTM, LSTM-transformer, GATs, ATFT-GAT-FAN with and without its graph,
its rank loss at 0, 0.05, 0.1 and 0.2, and AdaBelief in place of AdamW. All see the same days, seeds and sampler; a
row differs from the first ATFT row in what its name says and in nothing else. Rankers that collapse are said to.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
HORIZONS = (1, 5, 10, 20)
PANELS = {
    "us_large": ("us_large_daily.parquet", "XNYS", "split+adj"),
    "india": ("india_nifty500_daily.parquet", "XBOM", "full"),
}
BEGIN, END = "<!-- networks -->", "<!-- /networks -->"
HIDDEN = 16


def main() -> None:
    """Ask every ranker in a process of its own, write the section, print one line."""
    asked = _arguments()
    if asked.ranker:
        print(json.dumps(_measure(asked.panel[0], asked.ranker, asked)))
        return
    start = time.perf_counter()
    work = [(panel, name) for panel in asked.panel for name in RANKERS]
    with ThreadPoolExecutor(asked.workers) as pool:
        answers = list(pool.map(lambda pair: _part(*pair, asked), work))
    found = dict(zip(work, answers, strict=True))
    _write(asked, found, time.perf_counter() - start)
    line = {
        f"{panel} {name}": answer["figures"]["1"]["mean"]
        for (panel, name), answer in found.items()
        if answer["figures"]
    }
    print(json.dumps({"bench": "networks", "seconds": round(time.perf_counter() - start), "rank_ic_1d": line}))


def _ridge(asked: argparse.Namespace, graphs: Any, seed: int) -> Any:
    from augury.models.panel.ridge import RidgeRanker

    return RidgeRanker()


def _boosted(asked: argparse.Namespace, graphs: Any, seed: int) -> Any:
    from augury.models.panel.boosted import BoostedRanker

    return BoostedRanker(seed)


def _network(name: str, rank: float = 0.1, optimizer: str = "adamw", **settings: Any) -> Callable[..., Any]:
    def make(asked: argparse.Namespace, graphs: Any, seed: int) -> Any:
        from augury.learning.settings import TrainingSettings
        from augury.models.deep.panels.forecaster import PanelForecaster

        training = TrainingSettings(
            epochs=asked.epochs, learning_rate=1e-3, patience=3, watch="rank_ic", larger_is_better=True, seed=seed,
            optimizer=optimizer, threads=1,
        )  # fmt: skip
        loss = {"mse": 0.7, "huber": 0.3, "ic": 0.2, "pinball": 0.3} | ({"soft_spearman": rank} if rank else {})
        return PanelForecaster(
            name, HORIZONS, asked.lookback, settings, loss=loss, training=training, days_per_batch=4, graphs=graphs
        )

    return make


RANKERS: dict[str, Callable[..., Any]] = {
    "ridge": _ridge,
    "LightGBM": _boosted,
    "LSTM": _network("lstm", hidden=HIDDEN),
    "LSTM-transformer": _network("lstm_transformer", hidden=HIDDEN, width=32, blocks=2, feed_forward=64),
    "GATs": _network("gats", hidden=HIDDEN, layers=1),
    "ATFT-GAT-FAN": _network("atft_gat_fan", hidden=HIDDEN),
    "ATFT-GAT-FAN, no graph": _network("atft_gat_fan", hidden=HIDDEN, graph=False),
    "ATFT-GAT-FAN, rank loss 0": _network("atft_gat_fan", rank=0.0, hidden=HIDDEN),
    "ATFT-GAT-FAN, rank loss 0.05": _network("atft_gat_fan", rank=0.05, hidden=HIDDEN),
    "ATFT-GAT-FAN, rank loss 0.2": _network("atft_gat_fan", rank=0.2, hidden=HIDDEN),
    "ATFT-GAT-FAN, AdaBelief": _network("atft_gat_fan", optimizer="adabelief", hidden=HIDDEN),
}


def _measure(panel: str, name: str, asked: argparse.Namespace) -> dict[str, Any]:
    from augury.labels.splits import WalkForward
    from augury.models.panel import walk_forward_ranks

    samples, graphs = _samples(panel, asked)
    seeds = range(asked.seeds) if name != "ridge" else range(1)
    start = time.perf_counter()
    walked = walk_forward_ranks(
        samples, lambda seed: RANKERS[name](asked, graphs, seed), seeds=list(seeds),
        walk=WalkForward(folds=asked.folds), warm_up_days=252,
    )  # fmt: skip
    daily = {str(h): walked.series(h) for h in HORIZONS if (walked.daily["horizon"] == h).any()}
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "symbols": len(samples.symbols),
        "days": [f"{samples.days[0]:%Y-%m-%d}", f"{samples.days[len(samples.days) - 1]:%Y-%m-%d}"],
        "features": samples.n_features,
        "failed": [list(one) for one in walked.failed],
        "figures": {h: _figure(walked, int(h)) for h in daily},
        "series": {h: one["rank_ic"].round(6).to_list() for h, one in daily.items()},
        "stamps": {h: one["ts"].dt.timestamp("ms").to_list() for h, one in daily.items()},
    }


def _figure(walked: Any, horizon: int) -> dict[str, float]:
    found = walked.figure(horizon)
    return {
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "t": found.t,
        "days": found.days,
        "seeds": found.seeds,
    }


def _samples(panel: str, asked: argparse.Namespace) -> tuple[Any, Any]:
    from augury.core.bars import BAR_SCHEMA, Bars
    from augury.core.timeframe import Timeframe
    from augury.features.panel.correlation_graph import correlation_graphs
    from augury.runs.networks.panel import panel_samples
    from augury.runs.networks.request import NetworkRequest

    file, calendar, adjustment = PANELS[panel]
    path = asked.data_folder / file
    frame = pl.read_parquet(path).with_columns(pl.col("symbol").cast(pl.String)).sort("symbol", "ts")
    kept = frame["symbol"].unique().sort().gather_every(asked.every)
    first = datetime.fromisoformat(asked.since).replace(tzinfo=UTC)
    frame = frame.filter(pl.col("symbol").is_in(kept.to_list()) & (pl.col("ts") >= first))
    kinds = BAR_SCHEMA | ({"adj_close": pl.Float64()} if "adj_close" in frame.columns else {})
    plain = frame.select(pl.col(name).cast(kind) for name, kind in kinds.items())
    bars = Bars(plain, Timeframe.D1, calendar, adjustment=adjustment)
    request = NetworkRequest(path, "lstm", horizons=HORIZONS, lookback=asked.lookback, entry="next_close")
    graphs = correlation_graphs(bars)
    return panel_samples(bars, request, graphs), graphs


def _part(panel: str, name: str, asked: argparse.Namespace) -> dict[str, Any]:
    words = [sys.executable, __file__, "--ranker", name, "--panel", panel, "--data-folder", str(asked.data_folder)]
    for flag in ("every", "seeds", "folds", "epochs", "lookback"):
        words += [f"--{flag}", str(getattr(asked, flag))]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    done = subprocess.run([*words, "--from", asked.since], capture_output=True, text=True, env=os.environ | threads)
    print(f"{panel} {name}: exit {done.returncode}", done.stderr[-1500:], file=sys.stderr, flush=True)
    if done.returncode:
        raise SystemExit(f"{panel} {name} failed: nothing is written")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _write(asked: argparse.Namespace, found: dict[tuple[str, str], dict[str, Any]], seconds: float) -> None:
    """Replace the section of the page, or put it at the end."""
    page = asked.out.read_text() if asked.out.is_file() else "# Benchmarks\n"
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    asked.out.write_text(f"{before.rstrip()}\n\n{BEGIN}\n{_section(asked, found, seconds)}\n{END}\n{after.lstrip()}")


def _section(asked: argparse.Namespace, found: dict[tuple[str, str], dict[str, Any]], seconds: float) -> str:
    trials = len(RANKERS) * len(HORIZONS)
    lines = [
        "## Networks on daily panels\n",
        f"`python benchmarks/networks.py --data-folder DIR --every {asked.every} --seeds {asked.seeds} --folds "
        f"{asked.folds} --epochs {asked.epochs} --lookback {asked.lookback} --from {asked.since}`, "
        f"{datetime.now(UTC):%Y-%m-%d}, {seconds / 60:.0f} minutes. Every {asked.every}th symbol by name (survivors "
        f"of a later list), walk forward in {asked.folds} blocks, purge of 21 sessions, entry one close later, "
        f"{asked.seeds} seeds averaged day by day; hidden width {HIDDEN}, nothing tuned. {trials} figures a panel were "
        "looked at: DSR is the chance that the figure is more than the best of so many by luck. `less LightGBM` is "
        "paired by day.\n",
    ]
    for panel in asked.panel:
        first = found[panel, "ridge"]
        lines += [
            f"### {panel}: {first['symbols']} symbols, {' to '.join(first['days'])}, {first['features']} inputs\n",
            "| days ahead | ranker | RankIC | 95 % | t | DSR | less LightGBM | days | seconds |",
            "|---|---|---|---|---|---|---|---|---|",
            *(_row(panel, name, h, found, trials) for h in HORIZONS for name in RANKERS),
            "",
        ]
    return "\n".join(lines)


def _row(panel: str, name: str, horizon: int, found: dict[tuple[str, str], dict[str, Any]], trials: int) -> str:
    from augury.proof.selection import deflate

    one, base = found[panel, name], found[panel, "LightGBM"]
    figure = one["figures"].get(str(horizon))
    collapsed = f" ({len(one['failed'])} fits collapsed)" if one["failed"] else ""
    if figure is None:
        return f"| {horizon} | {name}{collapsed} | no figure |  |  |  |  |  | {one['seconds']:.0f} |"
    series = np.array(one["series"][str(horizon)])
    dsr = deflate(series, trials=trials, metric="rank_ic", horizon_bars=horizon).dsr
    beside = "" if name == "LightGBM" else _beside(one, base, str(horizon))
    return (
        f"| {horizon} | {name}{collapsed} | {figure['mean']:+.4f} | [{figure['low']:.4f}, {figure['high']:.4f}] | "
        f"{figure['t']:.1f} | {'' if dsr is None else f'{dsr:.2f}'} | {beside} | {figure['days']} | "
        f"{one['seconds']:.0f} |"
    )


def _beside(one: dict[str, Any], base: dict[str, Any], horizon: str) -> str:
    from augury.core.metrics.bootstrap import block_length, bootstrap_difference

    ours = dict(zip(one["stamps"][horizon], one["series"][horizon], strict=True))
    theirs = dict(zip(base["stamps"][horizon], base["series"][horizon], strict=True))
    days = sorted(set(ours) & set(theirs))
    a, b = np.array([ours[day] for day in days]), np.array([theirs[day] for day in days])
    low, high = bootstrap_difference(a, b, block_length(len(days), int(horizon)))
    return f"{(a - b).mean():+.4f} [{low:+.4f}, {high:+.4f}]"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-folder", type=Path, required=True, help="folder of the measuring data")
    parser.add_argument("--panel", action="append", choices=list(PANELS))
    parser.add_argument("--every", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--lookback", type=int, default=10)
    parser.add_argument("--from", dest="since", default="2016-01-01")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--ranker", choices=list(RANKERS), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks.md")
    asked = parser.parse_args()
    asked.panel = asked.panel or list(PANELS)
    return asked


if __name__ == "__main__":
    main()
