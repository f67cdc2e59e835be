"""Does pre-training help where labels are few? Pre-trained against scratch, in pairs; one JSON line.

    python benchmarks/transfer.py [--kind multitask] [--seeds 10] [--jobs 2] [--data FILE --bars-ahead 20]

Without ``--data`` each seed is a synthetic market of its own: spells of trend and chop are planted in 2,000 unlabelled
windows, 78 other windows are labelled, 1,000 later ones are answered for. Both sides are ``SimpleLSTM`` in the small
profile with equal settings, windows, order and seed; one of them begins with the pre-trained encoder (frozen, released
at epochs 10, 20 and 30, at a tenth of the head's rate). ``difference`` is in balanced accuracy, with the 95 % t
interval over the pairs.

With ``--data`` (bars of many symbols) the windows are causal, the question is the sign of the return after the window,
and the three groups of windows follow each other in time. Little is to be expected there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import polars as pl

UNLABELLED, LABELLED, TEST = 2000, 78, 1000
PRETRAIN_EPOCHS = 10
FINE_TUNING: dict[str, Any] = {"hidden_size": 32, "learning_rate": 1e-3, "max_epochs": 60, "device": "cpu"}


def planted(seed: int) -> tuple[Any, Any, Any]:
    """Unlabelled, labelled and test windows of one market, in the order of time."""
    from augury.data.synthetic_windows import PatternMarket
    from augury.labels.windows import extract_windows

    market = PatternMarket(UNLABELLED + LABELLED + TEST, seed=seed)
    found = extract_windows(market.bars(), spans=market.patterns(), max_offset=44, seed=seed)
    rows = np.arange(len(found))
    return found.take(rows[:UNLABELLED]), found.take(rows[UNLABELLED:-TEST]), found.take(rows[-TEST:])


def real(path: Path, ahead: int, seed: int) -> tuple[Any, Any, Any]:
    """Windows of real bars labelled by the sign of what follows; three groups by time, drawn by the seed."""
    from dataclasses import replace

    from augury.data.canonical.normalize import normalize
    from augury.labels.windows import extract_windows

    bars = normalize(path).bars
    found = extract_windows(bars)
    later = bars.frame.with_columns(
        (pl.col("close").shift(-ahead) / pl.col("close") - 1).over("symbol").alias("after"),
        pl.col("ts").shift(-ahead).over("symbol").alias("known"),
    )
    joined = found.frame.join(
        later.select("symbol", pl.col("ts").alias("end_ts"), "after", "known"), on=["symbol", "end_ts"], how="left"
    )
    label = pl.when(pl.col("after") > 0).then(pl.lit("up")).otherwise(pl.lit("down"))
    labelled = joined.with_columns(pl.when(pl.col("after").is_not_null()).then(label).alias("label"))
    found = replace(found, frame=labelled.select(found.frame.columns))
    starts, known = found.frame["start_ts"].to_numpy(), labelled["known"].to_numpy()
    first, second = np.quantile(starts.astype(np.int64), [0.6, 0.8]).astype(starts.dtype)
    usable = ~np.isnat(known)
    groups = (known < first, (starts >= first) & (known < second), starts >= second)
    rng = np.random.default_rng(seed)
    sizes = (UNLABELLED, LABELLED, TEST)
    rows = [np.flatnonzero(usable & group) for group in groups]
    picked = [np.sort(rng.choice(at, min(size, len(at)), replace=False)) for at, size in zip(rows, sizes, strict=True)]
    return found.take(picked[0]), found.take(picked[1]), found.take(picked[2])


def pair(seed: int, kind: str, data: str | None, ahead: int) -> dict[str, Any]:
    """Balanced accuracy of both sides for one seed."""
    from augury.models.deep.pretraining import PretrainPlan, pretrain_windows
    from augury.models.deep.windows.simple_lstm import SimpleLSTM

    unlabelled, labelled, test = planted(seed) if data is None else real(Path(data), ahead, seed)
    settings = FINE_TUNING | {"mode": "retrospective" if data is None else "causal", "random_state": seed}
    settings["training"] = {"threads": 1}
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        plan = PretrainPlan.small(
            epochs=PRETRAIN_EPOCHS, layers=1, bidirectional=data is None, seed=seed, threads=1, learning_rate=2e-3
        )
        made = pretrain_windows(unlabelled, Path(folder), kind=kind, plan=plan, device="cpu")
        took = time.perf_counter() - begun
        sides = {
            "scratch": SimpleLSTM(**settings),
            "pretrained": SimpleLSTM(pretrained_encoder_path=made.path, **settings),
        }
        truth = test.frame["label"].to_numpy()
        scores = {}
        for name, model in sides.items():
            answer = model.fit(labelled).predict(test.prices)
            scores[name] = float(np.mean([(answer[truth == label] == label).mean() for label in model.classes_]))
        report = sides["pretrained"].transfer_report_
    assert report is not None
    assert report.passed
    return {"seed": seed, **scores, "pretrain_s": round(took, 1), "match_ratio": report.match_ratio}


def in_own_process(seed: int) -> dict[str, Any]:
    """Ask this command for one seed: each is a process of its own, and what comes back is text."""
    command = [sys.executable, *sys.argv, "--only", str(seed)]
    row: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return row


def main() -> None:
    """Print one line for all seeds, and one for each on the way."""
    from scipy.stats import t as student

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", default="multitask", choices=("multitask", "masked", "contrastive"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--data")
    parser.add_argument("--bars-ahead", type=int, default=20)
    parser.add_argument("--only", type=int, help="One seed, in this process.")
    asked = parser.parse_args()
    begun = time.perf_counter()
    if asked.only is not None:
        print(json.dumps(pair(asked.only, asked.kind, asked.data, asked.bars_ahead)))
        return
    rows = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for row in pool.map(in_own_process, range(asked.seeds)):
            rows.append(row)
            print(json.dumps(row), flush=True)
    gains = np.array([row["pretrained"] - row["scratch"] for row in rows])
    half = float(student.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains)))
    mean = float(gains.mean())
    print(
        json.dumps(
            {
                "bench": "transfer", "kind": asked.kind, "market": asked.data and Path(asked.data).name,
                "pairs": len(rows),
                "scratch": float(np.mean([row["scratch"] for row in rows])),
                "pretrained": float(np.mean([row["pretrained"] for row in rows])),
                "difference": mean, "low": mean - half, "high": mean + half, "baseline": 0.5, "n_test": TEST,
                "seconds": round(time.perf_counter() - begun, 1),
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
