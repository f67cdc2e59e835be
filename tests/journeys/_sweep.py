"""Kill a process before its Nth durable step, for every N, and look at what is left.

Run as ``python _sweep.py FOLDER``; prints one JSON object. A durable step is an fsync, a rename or a
database commit, and every process is a fork of this one, which itself never touches a thread pool.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

# Imported before the forks, so that each of them starts at once.
import lightgbm  # noqa: F401
import sklearn.ensemble  # noqa: F401
import sqlalchemy.engine.default as dialect

import augury.models.ensemble.ensemble  # noqa: F401
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.data.calendar import market_calendar
from augury.data.synthetic import SyntheticMarket
from augury.records.registry.loader import EnsembleLoader
from augury.runs.cells import Cell
from augury.runs.executors.inline import Inline
from augury.runs.forecasts.forecasting import forecast
from augury.runs.training import train
from augury.runs.workspace import Workspace

CELL = Cell("SYN001", "d1", "5d")


def open_store(folder: Path) -> Workspace:
    return Workspace.open(Settings.load({"data_dir": folder, "workers": 1}, environ={}, start=folder))


def walk(folder: Path, seed: int) -> None:
    """Train, register, forecast."""
    recipe = Recipe(name="tiny", members={"gb": {"n_estimators": 3, "max_depth": 2}}, folds=2, seed=seed)
    with open_store(folder) as workspace:
        workspace.lake.write(SyntheticMarket(n_symbols=1, n_bars=400).bars())
        (outcome,) = train(workspace, [CELL], recipe, executor=Inline())
        assert outcome.exit_code == 0, outcome.error
        (bundle,) = forecast(workspace, [CELL])
        assert len(bundle.rows) == 1


def look(folder: Path) -> None:
    """What must hold whatever happened: a whole champion, a ledger that verifies, no row without its version."""
    with open_store(folder) as workspace:
        loaded = EnsembleLoader(workspace.store).load_latest_model("SYN001", "d1", "5d")
        assert loaded is not None
        assert not loaded.degraded
        checked = workspace.store.ledger.verify().require()
        known = {row.version for row in workspace.store.versions.list()}
        rows = workspace.store.ledger.list()
        assert {row.forecast.version for row in rows} <= known
        assert checked.rows == len(rows) >= 1
        workspace.store.artifacts.sweep()
        assert not any(workspace.store.artifacts.staging.root.iterdir())


def arm(at: int) -> list[int]:
    """Die before durable step ``at``; with 0 only count."""
    count = [0]

    def watched(call: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **named: object) -> object:
            count[0] += 1
            if count[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return step

    for name in ("fsync", "rename", "replace"):
        setattr(os, name, watched(getattr(os, name)))
    dialect.DefaultDialect.do_commit = watched(dialect.DefaultDialect.do_commit)
    return count


def apart(work: Callable[[], None]) -> int:
    """Run work in a forked process; return its exit code, negative when it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def main(root: Path) -> None:
    market_calendar("XNYS").close_of(datetime(2020, 1, 2, tzinfo=UTC))
    base = root / "base"
    base.mkdir()
    assert apart(lambda: walk(base, seed=1)) == 0
    deaths, torn, at = 0, [], 0
    while True:
        at += 1
        folder = root / f"at{at}"
        shutil.copytree(base, folder)

        def dying(folder: Path = folder, at: int = at) -> None:
            arm(at)
            walk(folder, seed=2)

        ended = apart(dying)
        if apart(lambda folder=folder: look(folder)) != 0:
            torn.append(at)
        shutil.rmtree(folder)
        if ended == 0:
            break
        deaths += ended == -signal.SIGKILL
    print(json.dumps({"deaths": deaths, "steps": at - 1, "torn": torn}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
