"""How fast networks learn, beside a bare loop and the tools people use; one JSON line.

    python benchmarks/learning.py [--cores 2] [--peers .peers/bin/python] [--parts windows,gats,atft,sweep]

Windows per second are of training ``simple_lstm`` (about 416,000 numbers, 11 inputs, 105 bars) at batch 512.
``bare_loop_ratio`` is the same network and batches in a bare PyTorch loop with the same optimiser, interleaved;
``neuralforecast_ratio`` and ``qlib_gats_ratio`` are per core-second against those peers at equal width.
Every part runs in a process of its own. Peers that are not installed are null: ``make bench-peers``.
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
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
BATCH, BARS, INPUTS = 512, 105, 11
NAMES, STEPS, FEATURES, DAYS = 324, 20, 32, 250


def main() -> None:
    """Measure every part; print one JSON line."""
    asked = _arguments()
    if asked.part:
        print(json.dumps(PARTS[asked.part](asked)))
        return
    wanted = asked.parts.split(",")
    found: dict[str, Any] = {name: _part(name, asked) for name in wanted}
    windows, gats = found.get("windows", {}), found.get("gats", {})
    forecast = _peer("neuralforecast/bin/python", "neuralforecast_lstm.py", asked, 1, 128) if windows else None
    qlib = _peer("bin/python", "qlib_gats.py", asked, NAMES, STEPS, 20, 64) if gats else None
    print(
        json.dumps(
            {
                "bench": "learning",
                "windows_per_s": windows.get("per_s"),
                "bare_loop_ratio": windows.get("bare_loop_ratio"),
                "bf16_ratio": windows.get("bf16_ratio"),
                "neuralforecast_ratio": _ratio(windows.get("one_core_per_s"), forecast),
                "qlib_gats_ratio": _ratio(gats.get("per_s"), qlib),
                "atft_epoch_s": found.get("atft", {}).get("epoch_s"),
                "loader_share": found.get("atft", {}).get("loader_share"),
                "sweep_s": found.get("sweep", {}).get("s"),
                "cores": asked.cores,
                "load": round(os.getloadavg()[0], 1),
                "detail": found | {"neuralforecast": forecast, "qlib": qlib},
            }
        )
    )


def windows(asked: argparse.Namespace) -> dict[str, Any]:
    """Steps of our loop and of a bare one, in turns; each is the median of its rounds."""
    import torch

    per_s = _loop_rate(asked.cores, BATCH, "float32", rounds=asked.rounds)
    ours, bare = [], []
    for number in range(asked.rounds):
        pair = (_ours, _bare) if number % 2 == 0 else (_bare, _ours)
        for run in pair:
            (ours if run is _ours else bare).append(run(asked.cores, BATCH, 4))
    half = _loop_rate(asked.cores, BATCH, "bf16", rounds=asked.rounds)
    torch.set_num_threads(1)
    return {
        "per_s": round(per_s, 1),
        "one_core_per_s": round(_core_rate(128), 1),
        "bare_loop_ratio": round(statistics.median(bare) / statistics.median(ours), 3),
        "bf16_ratio": round(half / per_s, 2),
        "parameters": _parameters(),
    }


def gats(asked: argparse.Namespace) -> dict[str, Any]:
    """Samples per second of one core: a whole day of names a step, forward, backward, optimiser."""
    import torch

    from augury.models.deep import NETWORKS
    from augury.models.deep.network import DayGraph, parameter_count

    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = NETWORKS.load("gats")(n_features=20, hidden=64, layers=2, horizons=(1,), levels=(0.5,)).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(NAMES, STEPS, 20)).astype(np.float32))
    y = torch.from_numpy(rng.normal(size=NAMES).astype(np.float32))
    everyone = DayGraph((0, NAMES), (), ())
    seconds = []
    for number in range(25):
        start = time.process_time()
        loss = torch.mean((network(x, everyone).quantiles[:, 0, 0] - y) ** 2)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_value_(network.parameters(), 3.0)
        optimizer.step()
        if number >= 5:
            seconds.append(time.process_time() - start)
    return {"per_s": NAMES / statistics.median(seconds), "parameters": parameter_count(network)}


def atft(asked: argparse.Namespace) -> dict[str, Any]:
    """An epoch of 250 days of 324 names through the day-batch sampler and the loop, on all cores."""
    import polars as pl

    from augury.data.panel.roles import Roles
    from augury.data.synthetic import SyntheticMarket
    from augury.features.panel.correlation_graph import correlation_graphs
    from augury.learning.samplers import PanelSamples
    from augury.learning.samplers.panel_targets import panel_targets
    from augury.learning.settings import TrainingSettings
    from augury.models.deep.panels.forecaster import PanelForecaster

    bars = SyntheticMarket(n_symbols=NAMES, n_bars=DAYS + 140, ic=0.05).bars()
    rng = np.random.default_rng(0)
    columns = {f"f{n:02d}": rng.normal(size=bars.frame.height).astype(np.float32) for n in range(FEATURES - 1)}
    frame = bars.frame.select("symbol", "ts").with_columns(**{k: pl.Series(v) for k, v in columns.items()})
    roles = Roles({"symbol": "key", "ts": "key"} | dict.fromkeys(columns, "feature"))
    samples = PanelSamples.of_frame(frame, roles, panel_targets(bars), lookback=STEPS)
    training = TrainingSettings(epochs=2, threads=asked.cores, watch="loss", precision=asked.precision, patience=0)
    made = PanelForecaster(
        "atft_gat_fan", network_settings={"hidden": 64}, training=training, graphs=correlation_graphs(bars)
    )
    made.fit(samples, np.arange(70, 70 + DAYS), np.arange(DAYS + 95, DAYS + 110))
    epoch = made.history.epochs[-1]
    return {
        "epoch_s": round(epoch.seconds, 1),
        "loader_share": round(epoch.waited / epoch.seconds, 4),
        "days": epoch.steps,
    }


def sweep(asked: argparse.Namespace) -> dict[str, Any]:
    """Twenty trials of ten epochs of the window model on 500 windows, trials side by side."""
    import polars as pl

    from augury.data.synthetic import SyntheticMarket
    from augury.labels.windows import extract_windows
    from augury.labels.windows.files import write_windows
    from augury.runs.tuning.quick import quick_optimization

    found = extract_windows(SyntheticMarket(n_symbols=6, n_bars=4500, seed=3).bars(), stride=42).take(np.arange(625))
    moved = found.prices[:, -1, 3] / found.prices[:, -20, 3] - 1
    label = pl.Series("label", np.where(moved > 0, "up", "down"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "windows.parquet"
        write_windows(type(found)(found.prices, found.frame.with_columns(label), found.timeframe), path)
        start = time.perf_counter()
        best = quick_optimization(path, trials=20, epochs=10, workers=asked.cores, data_dir=folder)
        return {"s": round(time.perf_counter() - start, 1), "best": best["value"]}


def _network() -> Any:
    import torch

    from augury.models.deep import NETWORKS

    torch.manual_seed(0)
    return NETWORKS.load("simple_lstm")(n_features=INPUTS, n_classes=2)


def _parameters() -> int:
    from augury.models.deep.network import parameter_count

    return parameter_count(_network())


class _Task:
    """The same batches over and over: what is measured is the step."""

    def __init__(self, batch: int, steps: int) -> None:
        import torch

        rng = np.random.default_rng(0)
        self.network, self.steps = _network(), steps
        self.x = torch.from_numpy(rng.normal(size=(batch, BARS, INPUTS)).astype(np.float32))
        self.y = torch.from_numpy(rng.integers(0, 2, batch))

    def groups(self) -> Any:
        return self.network.groups()

    def batches(self, epoch: int) -> Any:
        return iter([None] * self.steps)

    def loss(self, batch: Any) -> Any:
        import torch

        return torch.nn.functional.cross_entropy(self.network(self.x).logits, self.y)

    def measures(self) -> dict[str, float]:
        return {"loss": 0.0}


def _ours(threads: int, batch: int, steps: int, precision: str = "float32") -> float:
    """Seconds a step of our loop."""
    from augury.learning.loop import fit
    from augury.learning.settings import TrainingSettings

    settings = TrainingSettings(epochs=2, threads=threads, precision=precision, patience=0)
    return fit(_Task(batch, steps), settings).epochs[-1].seconds / steps


def _bare(threads: int, batch: int, steps: int) -> float:
    """Seconds a step of nothing but PyTorch."""
    import torch

    torch.set_num_threads(threads)
    task = _Task(batch, steps)
    task.network.train()
    optimizer = torch.optim.AdamW(task.network.parameters(), lr=5e-4, weight_decay=1e-4, fused=True)
    for _ in range(2):
        start = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            loss = task.loss(None)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(task.network.parameters(), 1.0)
            optimizer.step()
            loss.item()
    return (time.perf_counter() - start) / steps


def _loop_rate(threads: int, batch: int, precision: str, rounds: int) -> float:
    return batch / statistics.median(_ours(threads, batch, 3, precision) for _ in range(max(2, rounds // 2)))


def _core_rate(batch: int, steps: int = 6) -> float:
    """Windows a second of one core, by the time it really worked: a long training less a short one."""
    from augury.learning.loop import fit
    from augury.learning.settings import TrainingSettings

    settings = TrainingSettings(epochs=1, threads=1, patience=0)

    def took(count: int) -> float:
        begun = time.process_time()
        fit(_Task(batch, count), settings)
        return time.process_time() - begun

    took(1)
    short = took(2)
    return batch * steps / (took(2 + steps) - short)


def _part(name: str, asked: argparse.Namespace) -> dict[str, Any]:
    env = os.environ | {"OMP_NUM_THREADS": str(asked.cores), "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, __file__, "--part", name, "--cores", str(asked.cores), "--rounds", str(asked.rounds)]
    command += ["--precision", asked.precision]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _peer(python: str, script: str, asked: argparse.Namespace, *arguments: int) -> float | None:
    place = Path(asked.peers).parent.parent / python if asked.peers else Path()
    if not place.is_file():
        return None
    command = [str(place), str(HERE / "peers" / script), *map(str, arguments)]
    env = os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{script}: {done.stderr[-2000:]}")
    said: float = json.loads(done.stdout.splitlines()[-1])["per_s"]
    return said


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or theirs is None else round(ours / theirs, 2)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--peers", default=str(HERE.parent / ".peers" / "bin" / "python"))
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--part", choices=list(PARTS))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--precision", default="float32")
    return parser.parse_args()


PARTS = {"windows": windows, "gats": gats, "atft": atft, "sweep": sweep}

if __name__ == "__main__":
    main()
