"""The weekly refresh: new weights from matured forecasts, the same members byte for byte."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.errors import DataError, InsufficientHistory, StaleModel, UsageError
from augury.core.labelspec import LabelSpec
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.core.timeframe import Horizon, Timeframe
from augury.core.typing import Json
from augury.data.calendar import market_calendar
from augury.data.synthetic import SyntheticMarket
from augury.models.ensemble.weights._shape import Weighed
from augury.records.registry.loader import EnsembleLoader
from augury.records.registry.version_rows import VersionRow
from augury.runs.cells import Cell
from augury.runs.durable.flow import Flow, Stop
from augury.runs.durable.submission import submit
from augury.runs.executors.inline import Inline
from augury.runs.forecasts.evaluation import mature
from augury.runs.forecasts.forecasting import forecast
from augury.runs.jobs import weights as job
from augury.runs.proving.reproduction import _copied_from
from augury.runs.proving.validation import revalidate
from augury.runs.training import train
from augury.runs.weights_refresh import Refreshed, arguments_of, champions, outcome_of, refresh
from augury.runs.workspace import Workspace

CELL = Cell("SYN001", "d1", "1d")
RECIPE = Recipe(
    name="pair",
    members={"gb": {"n_estimators": 5, "max_depth": 2}, "logreg": {}, "rf": {"n_estimators": 5, "max_depth": 3}},
    folds=2,
    weights="inverse_mae",
    horizons=("1d",),
)
N_BARS, TRAINED, FIRST, LAST = 700, 640, 610, 690
"""Bars in all; bars the version knew; bars forecast from, first and last."""


@pytest.fixture(scope="module")
def market() -> Bars:
    bars = SyntheticMarket(n_symbols=1, n_bars=N_BARS, ic=0.2, seed=3).bars()
    return replace(bars, frame=bars.frame.filter(pl.col("symbol") == CELL.symbol))


def clock_at(bars: Bars, row: int) -> FixedClock:
    """A quarter of an hour after the close of a bar."""
    return FixedClock(market_calendar(bars.calendar).close_of(bars.frame["ts"][row]) + timedelta(minutes=15))


def known(workspace: Workspace, bars: Bars, row: int) -> Workspace:
    """The workspace as it is after a close: the lake ends there."""
    workspace.lake.write(replace(bars, frame=bars.frame[: row + 1]))
    clock = clock_at(bars, row)
    return replace(workspace, clock=clock, store=replace(workspace.store, clock=clock))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, market: Bars, speaking: Any) -> Path:
    """An older version forecast after every close, then a younger one was trained; all of it has matured."""
    folder = tmp_path_factory.mktemp("quarter")
    with opened_at(folder, market, FIRST) as workspace:
        spec = LabelSpec.of(Timeframe.D1, Horizon.parse("1d"), market_calendar(market.calendar))
        older = speaking.publish(workspace, CELL.symbol, spec, at=workspace.clock.now())
        said = [speaking.say(older, market, row) for row in range(FIRST, LAST)]
        workspace.store.ledger.append(said, clock_at(market, LAST).now())
        (outcome,) = train(known(workspace, market, TRAINED - 1), [CELL], RECIPE)
        assert outcome.error is None
        for row in (TRAINED + 3, TRAINED + 30):
            (bundle,) = forecast(known(workspace, market, row), [CELL])
            assert not bundle.errors
        assert len(mature(known(workspace, market, LAST)).outcomes) == LAST - FIRST + 2
    return folder


@pytest.fixture
def quarter(stored: Path, tmp_path: Path, market: Bars) -> Iterator[Workspace]:
    shutil.copytree(stored, tmp_path / "data")
    with opened_at(tmp_path / "data", market, LAST) as workspace:
        yield workspace


def opened_at(folder: Path, market: Bars, row: int) -> Workspace:
    settings = Settings.load({"data_dir": folder, "workers": 1}, environ={}, start=folder)
    return Workspace.open(settings, clock=clock_at(market, row))


def later(workspace: Workspace, days: int) -> Workspace:
    clock = FixedClock(workspace.clock.now() + timedelta(days=days))
    return replace(workspace, clock=clock, store=replace(workspace.store, clock=clock))


def refreshed(workspace: Workspace) -> Refreshed:
    (one,) = refresh(workspace, champions(workspace))
    return one


def asked(workspace: Workspace, folder: Path, **changes: Any) -> Json:
    (row,) = champions(workspace)
    return arguments_of(workspace, row, folder / "staged", workspace.clock.now()) | changes


@pytest.fixture
def always_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refitted is kept: these tests are about what keeping does."""
    real = job._compared

    def kept(*given: Any) -> Json:
        return real(*given) | {"kept": True, "reason": ""}

    monkeypatch.setattr(job, "_compared", kept)


@pytest.mark.usefixtures("always_better")
def test_a_refresh_is_a_new_version_with_a_parent_whose_member_files_are_byte_for_byte_the_same(
    quarter: Workspace,
) -> None:
    (before,) = champions(quarter)
    one = refreshed(quarter)
    (after,) = champions(quarter)
    assert one.error is None
    assert (after.version, after.manifest.parent) == (one.version, before.version)
    of_members = [name for name in before.manifest.files if name != "ensemble.json"]
    assert any(name.startswith("members/rf/") for name in of_members)
    assert {name: after.manifest.files[name] for name in of_members} == {
        name: before.manifest.files[name] for name in of_members
    }
    assert after.manifest.files.keys() == before.manifest.files.keys()
    assert after.manifest.weights != before.manifest.weights
    assert sum(after.manifest.weights.values()) == pytest.approx(1, abs=1e-9)
    assert quarter.store.versions.get(*before_key(before)).manifest == before.manifest


def before_key(row: VersionRow) -> tuple[str, str, str, str]:
    return row.symbol, row.timeframe, row.horizon, row.version


@pytest.mark.usefixtures("always_better")
def test_the_stored_weights_are_those_of_the_next_forecast_and_of_the_log(quarter: Workspace) -> None:
    one = refreshed(quarter)
    loaded = EnsembleLoader(quarter.store).load(CELL.symbol, CELL.timeframe, CELL.horizon)
    (bundle,) = forecast(quarter, [CELL], allow_stale=True, dry_run=True)
    (logged,) = quarter.store.weights_log.list(CELL.symbol)
    assert bundle.forecasts[0].version == one.version
    assert bundle.forecasts[0].weights == loaded.ensemble.weights == logged.weights == one.told["weights"]
    assert (logged.version, logged.method, logged.kept) == (one.version, "inverse_mae", True)
    assert (logged.n, logged.facts["of"]) == (one.told["n"], one.of)


@pytest.mark.usefixtures("always_better")
def test_weights_are_fitted_on_rows_that_neither_train_members_nor_score_the_version(quarter: Workspace) -> None:
    (before,) = champions(quarter)
    one = refreshed(quarter)
    (after,) = champions(quarter)
    first = datetime.fromisoformat(one.told["first"])
    slices = {name: datetime.fromisoformat(facts.last) for name, facts in after.manifest.slices.items()}
    assert slices["train"] < slices["valid"] < first
    assert after.manifest.slices["train"] == before.manifest.slices["train"]
    assert after.manifest.slices["valid"].n < before.manifest.slices["valid"].n
    report = {score.n for score in after.manifest.scores if score.slice == "report" and score.name == "accuracy"}
    assert report == {after.manifest.slices["valid"].n}


@pytest.mark.usefixtures("always_better")
def test_a_refreshed_version_is_judged_again_on_the_rows_it_was_judged_on(quarter: Workspace) -> None:
    assert refreshed(quarter).error is None
    (judged,) = revalidate(quarter, symbols=[], timeframe=None)
    (after,) = champions(quarter)
    assert judged.version == after.version
    assert judged.reproduced
    assert judged.refusal is None


def test_the_rows_that_judge_lie_after_those_that_weigh_by_a_horizon(quarter: Workspace, tmp_path: Path) -> None:
    given = asked(quarter, tmp_path)
    bars_said = len({one["data_until"] for one in given["forecasts"]})
    assert bars_said == len(given["forecasts"]) - 2 >= job.ROWS_MIN  # two bars were forecast from by both versions
    told = job.run(given)
    assert told["n_judged"] == math.ceil(0.2 * bars_said)
    assert told["n"] == bars_said - told["n_judged"] - 1  # the outcome of one row reaches into the judged ones
    assert told["brier"] != told["brier_before"]


def test_bars_the_members_were_trained_on_weigh_nothing(quarter: Workspace, tmp_path: Path, market: Bars) -> None:
    given = asked(quarter, tmp_path)
    before = job.run(given)
    close_of = market_calendar(market.calendar).close_of
    trained = [close_of(market.frame["ts"][row]).isoformat() for row in range(300, 400)]
    older = [given["forecasts"][0] | {"data_until": until} for until in trained]
    assert job.run(given | {"forecasts": [*older, *given["forecasts"]]}) == before


def test_weights_that_are_worse_on_the_newest_rows_are_logged_and_not_kept(
    quarter: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = champions(quarter)
    bad = {"gb": 0.02, "logreg": 0.96, "rf": 0.02}
    monkeypatch.setattr(job, "reweigh", lambda *_: (Weighed(bad), None))
    one = refreshed(quarter)
    assert one.told["brier"] > one.told["brier_before"]
    assert (one.version, one.reason) == ("", "worse on the newest rows")
    assert [row.version for row in champions(quarter)] == [before.version]
    (logged,) = quarter.store.weights_log.list()
    assert (logged.kept, logged.version, logged.weights) == (False, before.version, bad)
    assert not list(quarter.store.artifacts.staging.root.iterdir())


def test_a_dry_run_writes_nothing(quarter: Workspace) -> None:
    (before,) = champions(quarter)
    (one,) = refresh(quarter, [before], dry_run=True)
    assert one.told["n"] > 0
    assert [row.version for row in quarter.store.versions.list() if row.champion] == [before.version]
    assert quarter.store.weights_log.list() == []


@pytest.mark.usefixtures("always_better")
def test_a_refit_that_is_written_twice_is_one_version_and_one_row(quarter: Workspace, tmp_path: Path) -> None:
    (row,) = champions(quarter)
    told = job.run(asked(quarter, tmp_path))
    assert outcome_of(quarter, row, told).version == outcome_of(quarter, row, told).version != ""
    assert len(quarter.store.weights_log.list()) == 1
    assert len(quarter.store.versions.list(CELL.symbol)) == 3


def test_fewer_than_60_matured_forecasts_of_the_last_90_days_leave_the_weights(quarter: Workspace) -> None:
    one = refreshed(later(quarter, 30))
    assert isinstance(one.error, InsufficientHistory)
    assert "weights need 60" in one.reason
    assert one.version == ""


def test_a_forecast_that_the_version_would_not_repeat_today_takes_no_part(quarter: Workspace, tmp_path: Path) -> None:
    (row,) = champions(quarter)
    given = asked(quarter, tmp_path)
    own = [one for one in given["forecasts"] if one["version"] == row.version]
    assert len(own) == 2
    assert job.run(given)["left_out"] == 0
    own[0]["confidence"] += 1e-12
    assert job.run(given)["left_out"] == 1


def test_revised_bars_are_refused(quarter: Workspace, tmp_path: Path) -> None:
    bars = quarter.lake.read([CELL.symbol], Timeframe.D1)
    quarter.lake.write(replace(bars, frame=bars.frame.filter(pl.int_range(pl.len()) != 300)))
    with pytest.raises(DataError, match="the same bars"):
        job.run(asked(quarter, tmp_path))


def test_sealed_rows_weigh_nothing(quarter: Workspace) -> None:
    stamps = quarter.lake.read([CELL.symbol], Timeframe.D1).frame["ts"]
    quarter.store.holdout.seal(f"d1/{CELL.symbol}", stamps[-5], by="test")
    one = refreshed(quarter)
    assert isinstance(one.error, InsufficientHistory)


@pytest.mark.parametrize("changes", [{"weights": "stack"}, {"weights": "stack_boosted"}])
def test_a_stack_has_no_weights_to_refit(quarter: Workspace, tmp_path: Path, changes: Json) -> None:
    given = asked(quarter, tmp_path)
    given["manifest"]["recipe"] |= changes
    with pytest.raises(UsageError, match="no weights to refit: stack"):
        job.run(given)


@pytest.mark.usefixtures("always_better")
def test_refreshed_weights_make_a_version_no_younger(quarter: Workspace) -> None:
    (before,) = champions(quarter)
    refreshed(quarter)
    (after,) = champions(quarter)
    assert after.trained_at == before.created_at < after.created_at
    days = 61 - (quarter.clock.now() - before.created_at).days
    with pytest.raises(StaleModel, match=f"{before.created_at:%Y%m%d} is 6[12] days old"):
        EnsembleLoader(later(quarter, days).store).load_latest_model(CELL.symbol, CELL.timeframe, CELL.horizon)


class Once:
    """Steps of a durable job that are done and forgotten."""

    def reserve(self, count: int) -> Sequence[Any]:
        return range(count)

    def recorded(self, places: Sequence[Any]) -> list[bool]:
        return [False for _ in places]

    def run(self, place: Any, name: str, work: Any) -> Any:
        return work()


@pytest.mark.usefixtures("always_better")
def test_the_weekly_job_registers_one_version_and_leaves_no_folder(quarter: Workspace) -> None:
    job = quarter.store.jobs.start(submit(quarter, "weights", {"timeframes": ["d1"]}).id)
    assert job is not None
    Flow(quarter, job, Once(), Inline, Stop()).run()
    done = quarter.store.jobs.get(job.id)
    assert done.state == "succeeded", done.error
    assert done.result is not None
    (after,) = champions(quarter)
    assert done.result["versions"] == [after.version]
    (logged,) = quarter.store.weights_log.list()
    assert logged.version == after.version
    assert _copied_from(after.manifest) == logged.facts["of"]


@pytest.mark.usefixtures("always_better")
def test_reproduction_of_a_refreshed_version_goes_back_to_the_one_that_was_trained(quarter: Workspace) -> None:
    (before,) = champions(quarter)
    refreshed(quarter)
    (after,) = champions(quarter)
    assert (_copied_from(after.manifest), _copied_from(before.manifest)) == (before.version, None)
