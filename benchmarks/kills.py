"""Kill the worker of a train-and-forecast run at random moments and count what is left behind.

    python benchmarks/kills.py --kills 20 [--database-url postgresql+psycopg://…]

Each worker is killed with SIGKILL after a random time; the next one goes on. At the end every job must have ended once,
every cell have one version and one training run of the job, every champion one forecast, the ledger and the
artifacts verify, and no process be left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from augury.core.settings import Settings
from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket
from augury.runs.durable.submission import submit
from augury.runs.workspace import Workspace

RECIPE = {"name": "tiny", "members": {"gb": {"n_estimators": 5, "max_depth": 3}}, "folds": 2, "horizons": ["1d", "5d"]}
_MARK = "AUGURY_KILLS"


def prepare(folder: Path, database_url: str = "", symbols: int = 3) -> Settings:
    """Make a data folder whose lake holds some synthetic symbols."""
    Lake(folder / "lake").write(SyntheticMarket(n_symbols=symbols, n_bars=500, ic=0.1).bars())
    return Settings.load(
        {"data_dir": folder, "database_url": database_url or None, "workers": 2}, environ={}, start=folder
    )


def start(settings: Settings, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a worker in a process of its own; whatever it starts carries the mark of its folder."""
    command = [sys.executable, "-m", "augury", "-q", "worker", "--drain", "--data-dir", str(settings.data_dir)]
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        _MARK: str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
    }
    return subprocess.Popen([*command, *arguments], env=environment, cwd=settings.data_dir)


def left_behind(settings: Settings, patience_s: float = 5.0) -> list[int]:
    """Return the processes that still carry the mark, after a moment to end."""
    mark, until = f"{_MARK}={settings.data_dir}".encode(), time.monotonic() + patience_s
    while True:
        found = []
        for place in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if mark in place.read_bytes().split(b"\0"):
                    found.append(int(place.parent.name))
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.05)


def kill_often(settings: Settings, kills: int, seed: int, longest_s: float) -> list[float]:
    """Kill ``kills`` workers, each after a time drawn by lot; return those times."""
    lot, moments = random.Random(seed), []
    for _ in range(kills):
        worker = start(settings)
        moments.append(lot.uniform(0.0, longest_s))
        try:
            worker.wait(moments[-1])
            break  # it has done everything
        except subprocess.TimeoutExpired:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    return moments


def faults(settings: Settings, cells: int) -> list[str]:
    """Say everything that is not as one undisturbed run would have left it."""
    found = [f"process {pid} is left" for pid in left_behind(settings)]
    with Workspace.open(settings) as workspace:
        store = workspace.store
        jobs = store.jobs.list(limit=1000)
        found += [f"{job.kind} {job.id} is {job.state}: {job.error}" for job in jobs if job.state != "succeeded"]
        found += [f"{kind}: {n} jobs" for kind, n in Counter(job.kind for job in jobs).items() if n != 1]
        for job in jobs:
            ends = [event for event in store.jobs.events(job.id) if event.text.startswith("succeeded")]
            found += [f"{job.id} ended {len(ends)} times"] if len(ends) != 1 else []
        versions = store.versions.list()
        for row in versions:
            store.artifacts.open(row.symbol, row.timeframe, row.horizon, row.version)
        runs = store.training_runs.list(limit=10_000)
        check = store.ledger.verify()
        wanted = {"versions": len(versions), "training runs": len(runs), "ledger rows": check.rows}
        wanted["cells of the ledger"] = check.cells
        wanted["trials"] = len(store.trials.list(limit=10_000))
        found += [f"{n} {what}, not {cells}" for what, n in wanted.items() if n != cells]
        found += [] if check.ok else [f"the ledger does not verify: {check.breaks}"]
        published = [p for p in store.artifacts.root.glob("*/*/*/*") if p.is_dir() and ".staging" not in p.parts]
        found += [] if len(published) == cells else [f"{len(published)} folders of versions, not {cells}"]
        found += ["the jobs left files"] if any((settings.data_dir / "jobs").iterdir()) else []
    return found


def experiment(
    folder: Path, kills: int, seed: int, *, database_url: str = "", symbols: int = 3, longest_s: float = 12.0
) -> dict[str, Any]:
    """Run one job with kills and one last worker that finishes; return figures and faults."""
    settings = prepare(folder, database_url, symbols)
    with Workspace.open(settings) as workspace:
        job = submit(workspace, "train", {"recipe": RECIPE, "forecast": True}, attempts=kills + 1, pause_s=0.05)
    begun = time.monotonic()
    moments = kill_often(settings, kills, seed, longest_s)
    code = start(settings).wait(300)
    with Workspace.open(settings) as workspace:
        starts = [
            e.text for e in workspace.store.jobs.events(job.id, limit=10_000) if e.text in ("started", "taken up again")
        ]
    return {
        "bench": "kills", "kills": len(moments), "starts": len(starts), "seconds": round(time.monotonic() - begun, 1),
        "exit": code, "faults": faults(settings, symbols * len(RECIPE["horizons"])),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--symbols", type=int, default=6)
    parser.add_argument("--longest", type=float, default=12.0, help="Seconds a worker lives at most.")
    parser.add_argument("--database-url", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        said = experiment(Path(folder), given.kills, given.seed, database_url=given.database_url,
                          symbols=given.symbols, longest_s=given.longest)  # fmt: skip
    print(json.dumps(said))
    sys.exit(1 if said["faults"] or said["exit"] else 0)


if __name__ == "__main__":
    main()
