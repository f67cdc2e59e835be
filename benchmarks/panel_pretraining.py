"""Does panel pre-training save steps? Pre-trained against scratch on the synthetic market, in pairs; one JSON line.

    python benchmarks/panel_pretraining.py [--seeds 5] [--epochs 20]

Each seed is a market of its own: an encoder is pre-trained on the days of its first part (masked stocks, temporal
contrast, residual targets), then two equal networks learn from 40 later days. What is counted is the steps until the
loss of the select slice is as low as the best of the network from scratch; a network that never gets there counts as
all its steps and one epoch more. ``saved`` is scratch less pre-trained, with the 95 % t interval over the pairs.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import polars as pl

NAMES, DAYS, LOOKBACK, HIDDEN = 40, 360, 5, 16
BEFORE, LABELLED, SELECT = 240, 40, 60


def market(seed: int) -> Any:
    """A panel whose signal shows in where the close lies in the range of the day."""
    from augury.data.panel.roles import Roles
    from augury.data.synthetic import SyntheticMarket
    from augury.learning.samplers import PanelSamples, panel_targets

    bars = SyntheticMarket(n_symbols=NAMES, n_bars=DAYS, ic=0.3, regimes=False, seed=seed).bars()
    past = (pl.col("close") / pl.col("close").shift(1).over("symbol") - 1).alias("past_ret_1")
    place = ((pl.col("close") - pl.col("low")) / (pl.col("high") - pl.col("low"))).alias("place")
    frame = bars.frame.select("symbol", "ts", past, place).drop_nulls()
    roles = Roles({"past_ret_1": "feature", "place": "feature"})
    return PanelSamples.of_frame(frame, roles, panel_targets(bars, (1,)), lookback=LOOKBACK)


def part(samples: Any, until: int) -> Any:
    """The same panel with nothing known from a day on: what pre-training may see."""
    from dataclasses import replace

    rows = slice(0, int(samples.day_starts[until]))
    known = replace(
        samples.known_before(samples.days[until]), codes=samples.codes[rows], days=samples.days[:until],
        day_starts=samples.day_starts[: until + 1],
    )  # fmt: skip
    return replace(known, targets=known.targets[rows], label_end=known.label_end[rows])


def learnt(samples: Any, seed: int, epochs: int, encoder: Any = None) -> list[tuple[int, float]]:
    """Steps taken and loss of the select slice after each epoch."""
    import torch

    from augury.learning.loop import fit
    from augury.learning.losses.panel import PanelLoss
    from augury.learning.samplers import DayBatchSampler
    from augury.learning.settings import TrainingSettings
    from augury.models.deep.networks.lstm import Lstm
    from augury.models.deep.panels.task import PanelTask
    from augury.models.panel.target_scale import TargetScale

    days = np.arange(BEFORE + 6, BEFORE + 6 + LABELLED)
    select = np.arange(days[-1] + 6, days[-1] + 6 + SELECT)
    scaled = TargetScale.fitted("same_day", samples, days, samples.mask).apply(samples, samples.mask)
    torch.manual_seed(seed)
    network = Lstm(samples.n_features, HIDDEN, dropout=0.0, horizons=(1,))
    if encoder is not None:
        network.encoder.load_state_dict(encoder.state_dict())
    tasks = DayBatchSampler(scaled, days, seed=seed), DayBatchSampler(scaled, select, days_per_batch=8, shuffle=False)
    task = PanelTask(network, *tasks, PanelLoss(None, (1,)), device=torch.device("cpu"))
    settings = TrainingSettings(epochs=epochs, learning_rate=1e-3, patience=0, threads=1, seed=seed)
    history = fit(task, settings)
    return [((record.epoch + 1) * record.steps, record.measures["loss"]) for record in history.epochs]


def pair(seed: int, epochs: int) -> dict[str, Any]:
    """Steps of both sides until the loss scratch reaches at its best."""
    from augury.models.deep.pretraining import PretrainPlan, pretrain_panel

    samples = market(seed)
    plan = PretrainPlan(
        hidden=HIDDEN, layers=1, bidirectional=False, epochs=10, learning_rate=2e-3, seed=seed, threads=1
    )
    with tempfile.TemporaryDirectory() as folder:
        made = pretrain_panel(part(samples, BEFORE), Path(folder), plan=plan, device="cpu")
    scratch, helped = learnt(samples, seed, epochs), learnt(samples, seed, epochs, made.encoder)
    aim = min(loss for _, loss in scratch)
    steps = {
        name: next((at for at, loss in side if loss <= aim), side[-1][0] + side[0][0])
        for name, side in (("scratch", scratch), ("pretrained", helped))
    }
    return {"seed": seed, "aim": aim, "best_pretrained": min(loss for _, loss in helped), **steps}


def main() -> None:
    """Print a line for each seed, and one for all."""
    from scipy.stats import t as student

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    asked = parser.parse_args()
    begun, rows = time.perf_counter(), []
    for seed in range(asked.seeds):
        rows.append(pair(seed, asked.epochs))
        print(json.dumps(rows[-1]), flush=True)
    saved = np.array([row["scratch"] - row["pretrained"] for row in rows], dtype=float)
    half = float(student.ppf(0.975, len(saved) - 1) * saved.std(ddof=1) / np.sqrt(len(saved)))
    print(
        json.dumps(
            {
                "bench": "panel_pretraining", "pairs": len(rows), "saved": float(saved.mean()),
                "low": float(saved.mean()) - half, "high": float(saved.mean()) + half,
                "scratch_steps": float(np.mean([row["scratch"] for row in rows])),
                "pretrained_steps": float(np.mean([row["pretrained"] for row in rows])),
                "seconds": round(time.perf_counter() - begun, 1),
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
