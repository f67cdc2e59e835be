"""Does panel pre-training save steps? Pre-trained against scratch on the synthetic market, in pairs; one JSON line.

    python benchmarks/panel_pretraining.py [--first-seed 200] [--seeds 10] [--part masked_stocks] [--narrow]

Each seed is a market of its own. An encoder is pre-trained on 240 days as ``augury pretrain --kind panel`` does it;
then two equal rankers learn from 40 later days by the door of ``augury train --model lstm``, one from scratch, one by
``--load-pretrained``. What is counted is the steps until the loss of the select slice is as low as the best of the
network from scratch; a network that never gets there counts as all its steps and one epoch more. ``saved`` is scratch
less pre-trained, with the 95 % t interval over the pairs. The inputs are those of the product, ``panel32`` as far as
its sources are there; ``--narrow`` gives two columns, one of which is the planted signal itself, and there is then
nothing to learn beforehand.
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

NAMES, WARM_UP, BEFORE, LABELLED, SELECT = 40, 252, 240, 40, 60


def market(seed: int, asked: argparse.Namespace) -> tuple[Any, Any]:
    """The panel twice: with the residual return that pre-training is asked for, with the return that is ranked."""
    from augury.data.panel.roles import Roles
    from augury.data.synthetic import SyntheticMarket
    from augury.features.panel.market import market_beside
    from augury.features.panel.table import panel_table
    from augury.learning.samplers import PanelSamples, panel_targets

    length = WARM_UP + BEFORE + LABELLED + SELECT + 3 * (asked.lookback + 1)
    bars = SyntheticMarket(n_symbols=NAMES, n_bars=length, ic=asked.ic, regimes=False, seed=seed).bars()
    made: Any = panel_table(bars, market=market_beside(bars))
    frame, roles, manifest = made.table.frame, made.roles, made.table.manifest
    if asked.narrow:
        roles, manifest = Roles({"past_ret_1": "feature", "place": "feature"}), None
        place = ((pl.col("close") - pl.col("low")) / (pl.col("high") - pl.col("low"))).alias("place")
        frame = frame.select("symbol", "ts", "past_ret_1").join(
            bars.frame.select("symbol", "ts", place), on=["symbol", "ts"]
        )
    frame = frame.filter(pl.col("ts") >= bars.frame["ts"].unique().sort()[WARM_UP])
    targets = panel_targets(bars, (1,), neutral="beta"), panel_targets(bars, (1,))
    return tuple(
        PanelSamples.of_frame(frame, roles, target, lookback=asked.lookback, manifest=manifest) for target in targets
    )  # type: ignore[return-value]


def part(samples: Any, until: int) -> Any:
    """The same panel with nothing known from a day on: what pre-training may see."""
    from dataclasses import replace

    rows = slice(0, int(samples.day_starts[until]))
    known = replace(
        samples.known_before(samples.days[until]), codes=samples.codes[rows], days=samples.days[:until],
        day_starts=samples.day_starts[: until + 1],
    )  # fmt: skip
    return replace(known, targets=known.targets[rows], label_end=known.label_end[rows])


def learnt(samples: Any, seed: int, asked: argparse.Namespace, encoder: Path | None = None) -> list[tuple[int, float]]:
    """Steps taken and loss of the select slice after each epoch."""
    from augury.learning.settings import TrainingSettings
    from augury.models.deep.panels.forecaster import PanelForecaster
    from augury.models.deep.panels.transfer import PanelTransfer

    gap = asked.lookback + 1
    days = np.arange(BEFORE + gap, BEFORE + gap + LABELLED)
    select = np.arange(days[-1] + gap, days[-1] + gap + SELECT)
    begun = None
    if encoder is not None:
        stages = asked.unfreeze
        given = {} if stages is None else {"unfreeze": stages[0] if len(stages) == 1 else tuple(stages)}
        given |= {} if asked.encoder_rate is None else {"encoder_rate": asked.encoder_rate}
        begun = PanelTransfer(encoder, **given)
    settings = TrainingSettings(epochs=asked.epochs, learning_rate=asked.rate, patience=0, threads=1, seed=seed)
    made = PanelForecaster(
        "lstm", (1,), asked.lookback, {"hidden": asked.hidden}, training=settings, pretrained=begun, device="cpu"
    ).fit(samples, days, select)
    return [((record.epoch + 1) * record.steps, record.measures["loss"]) for record in made.history.epochs]


def pair(seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Steps of both sides until the loss scratch reaches at its best."""
    from augury.models.deep.pretraining import PretrainPlan, pretrain_panel

    residual, samples = market(seed, asked)
    plan = PretrainPlan(
        hidden=asked.hidden, layers=1, bidirectional=False, epochs=asked.pretrain_epochs, seed=seed, threads=1
    )
    with tempfile.TemporaryDirectory() as folder:
        made = pretrain_panel(part(residual, BEFORE), Path(folder), plan=plan, parts=asked.part, device="cpu")
        scratch, helped = learnt(samples, seed, asked), learnt(samples, seed, asked, made.path)
    aim = min(loss for _, loss in scratch)
    steps = {
        name: next((at for at, loss in side if loss <= aim), side[-1][0] + side[0][0])
        for name, side in (("scratch", scratch), ("pretrained", helped))
    }
    lowest = {"aim": round(aim, 5), "best_pretrained": round(min(loss for _, loss in helped), 5)}
    told = {name: round(value, 4) for name, value in made.history.best.measures.items()}
    return {"seed": seed, **lowest, **steps, "select_slice_of_pretraining": told}


def main() -> None:
    """Print a line for each seed, and one for all."""
    from scipy.stats import t as student

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag, usual in (("first-seed", 200), ("seeds", 10), ("epochs", 15), ("lookback", 20), ("hidden", 32),
                        ("pretrain-epochs", 10)):  # fmt: skip
        parser.add_argument(f"--{flag}", type=int, default=usual)
    parser.add_argument("--ic", type=float, default=0.3)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--unfreeze", type=int, nargs="+")
    parser.add_argument("--encoder-rate", type=float)
    parser.add_argument("--part", action="append", default=[])
    parser.add_argument("--narrow", action="store_true")
    asked = parser.parse_args()
    begun, rows = time.perf_counter(), []
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        rows.append(pair(seed, asked))
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
                "lower_in": int(sum(row["best_pretrained"] < row["aim"] for row in rows)),
                "seconds": round(time.perf_counter() - begun, 1),
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
