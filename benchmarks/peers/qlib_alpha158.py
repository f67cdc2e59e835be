"""Qlib's Alpha158 expressions over the same bars, one process; prints values per second.

    python qlib_alpha158.py PANEL.parquet [OUT.parquet]

With OUT the features are computed once and written as ``symbol, ts`` and one column each.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import qlib
from qlib.contrib.data.loader import Alpha158DL
from qlib.data import D

FIELDS = ("open", "high", "low", "close", "volume", "vwap")


def write_store(frame: pl.DataFrame, root: Path) -> None:
    """Lay the bars out as qlib reads them: one float32 file a field, the first number its row in the calendar."""
    days = frame["ts"].unique().sort()
    (root / "calendars").mkdir()
    (root / "instruments").mkdir()
    (root / "calendars" / "day.txt").write_text("\n".join(day.strftime("%Y-%m-%d") for day in days) + "\n")
    rows = []
    for part in frame.partition_by("symbol", maintain_order=True):
        name = part["symbol"][0]
        rows.append(f"{name}\t{part['ts'][0]:%Y-%m-%d}\t{part['ts'][-1]:%Y-%m-%d}")
        folder = root / "features" / name.lower()
        folder.mkdir(parents=True)
        full = days.to_frame().join(part, on="ts", how="left").filter(
            pl.col("ts").is_between(part["ts"][0], part["ts"][-1])
        )  # fmt: skip
        first = int(days.index_of(part["ts"][0]) or 0)
        for field in FIELDS:
            values = full[field].cast(pl.Float32).to_numpy()
            np.hstack([np.float32(first), values]).astype("<f4").tofile(folder / f"{field}.day.bin")
    (root / "instruments" / "all.txt").write_text("\n".join(rows) + "\n")


frame = pl.read_parquet(sys.argv[1]).with_columns(vwap=(pl.col("high") + pl.col("low") + pl.col("close")) / 3)
with tempfile.TemporaryDirectory() as folder:
    write_store(frame, Path(folder))
    qlib.init(provider_uri=folder, kernels=1, expression_cache=None, dataset_cache=None)
    fields, names = Alpha158DL.get_feature_config()
    seconds = []
    for _ in range(2 if len(sys.argv) < 3 else 1):
        start = time.perf_counter()
        answer = D.features(D.instruments("all"), fields, freq="day", disk_cache=0)
        seconds.append(time.perf_counter() - start)
    if answer.shape[1] != len(names) or answer.dropna(how="all").empty:
        raise SystemExit("qlib gave no features")
if len(sys.argv) > 2:
    table = answer.reset_index()
    keys = {"symbol": table["instrument"].astype(str).tolist(), "ts": table["datetime"].to_numpy()}
    pl.DataFrame(keys | {name: answer.iloc[:, k].to_numpy() for k, name in enumerate(names)}).write_parquet(sys.argv[2])
print(json.dumps({"values_per_s": round(len(names) * frame.height / min(seconds))}))
