"""How the data folder of ``conftest.seeded`` is filled: by the product itself, on a clock moved by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from augury.core.bars import Bars
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.data.calendar.availability import known_at
from augury.data.synthetic import SyntheticMarket
from augury.runs.cells import Cell, plan_cells
from augury.runs.durable.submission import submit
from augury.runs.executors.inline import Inline
from augury.runs.forecasts.all_cells import forecast_all
from augury.runs.forecasts.evaluation import mature
from augury.runs.monitoring.daily_check import run_daily_drift_check
from augury.runs.simulated.market import SteppedClock
from augury.runs.training import train
from augury.runs.workspace import Workspace

SYMBOLS = ("SYN001", "SYN002")
RECIPE = Recipe(
    name="tiny",
    members={"gb": {"n_estimators": 5, "max_depth": 3}, "logreg": {}},
    folds=2,
    horizons=("1d", "5d"),
)
DAYS = 12
"""Sessions that forecasts are said on, one after the other."""


def fill(folder: Path) -> datetime:
    """Fill a folder and return the moment its clock stands at."""
    whole = SyntheticMarket(n_symbols=2, n_bars=720, ic=0.1, start=datetime(2024, 1, 4, tzinfo=UTC)).bars()
    closes = known_at(whole.frame["ts"].unique().sort(), whole.timeframe, whole.calendar).to_list()
    clock = SteppedClock(closes[-DAYS - 1] + timedelta(hours=1))
    settings = Settings.load({"data_dir": folder, "workers": 1}, environ={}, start=folder)
    with Workspace.open(settings, clock=clock) as workspace:
        cells = plan_cells(SYMBOLS, ["d1"], RECIPE.horizons)
        workspace.lake.write(_until(whole, clock.now()))
        _train(workspace, cells)
        clock.at += timedelta(minutes=1)
        _train(workspace, cells[:1])
        for close in closes[-DAYS:]:
            clock.at = close + timedelta(hours=1)
            workspace.lake.write(_until(whole, clock.now()))
            forecast_all(workspace, cells)
            mature(workspace)
        run_daily_drift_check(workspace=workspace)
        _jobs(workspace)
        return clock.now()


def _until(bars: Bars, moment: datetime) -> Bars:
    known = known_at(bars.frame["ts"], bars.timeframe, bars.calendar)
    return bars.with_frame(bars.frame.filter(known <= moment))


def _train(workspace: Workspace, cells: list[Cell]) -> None:
    for outcome in train(workspace, cells, RECIPE, executor=Inline()):
        assert outcome.error is None, outcome.error


def _jobs(workspace: Workspace) -> None:
    jobs = workspace.store.jobs
    done = submit(workspace, "forecast", {"symbols": [SYMBOLS[0]]}, by="cli")
    jobs.end(done.id, "cancelled", "by a test")
    submit(workspace, "train", {"symbols": [SYMBOLS[1]]}, by="cli")
