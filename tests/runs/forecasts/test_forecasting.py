from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import event

from augury.core.clock import FixedClock
from augury.core.errors import NotTrained
from augury.core.protocols import Executor
from augury.core.recipe import Recipe
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.runs.cells import Cell, plan_cells
from augury.runs.forecasts import forecasting
from augury.runs.forecasts.bundle import Bundle
from augury.runs.forecasts.forecasting import forecast
from augury.runs.intake import bars_of
from augury.runs.training import train
from augury.runs.workspace import Workspace

HORIZONS = ("5d", "15d", "20d")


@pytest.fixture
def trained(workspace: Workspace, tiny: Recipe) -> Workspace:
    for outcome in train(workspace, plan_cells(["SYN001"], ["d1"], HORIZONS), tiny):
        assert outcome.error is None
    return workspace


def cells() -> list[Cell]:
    return plan_cells(["SYN001"], ["d1"], HORIZONS)


def test_every_row_that_was_made_is_written_and_the_ledger_verifies(trained: Workspace) -> None:
    (bundle,) = forecast(trained, cells())
    assert [row.horizon for row in bundle.forecasts] == list(HORIZONS)
    assert [row.forecast for row in bundle.rows] == list(bundle.forecasts)
    checked = trained.store.ledger.verify()
    assert (checked.rows, checked.cells, checked.ok) == (3, 3, True)


def test_history_is_a_replay_dated_at_its_end_and_written_once(trained: Workspace) -> None:
    (first,) = forecast(trained, cells())
    (again,) = forecast(trained, cells())
    row = first.forecasts[0]
    assert "replay" in row.flags
    assert "synthetic" in row.flags
    assert row.made_at == row.data_until < row.matures_at
    assert [item.new for item in first.rows] == [True] * 3
    assert [item.new for item in again.rows] == [False] * 3
    assert trained.store.ledger.verify().rows == 3


def test_a_live_row_is_dated_now_and_appended_each_time(trained: Workspace) -> None:
    last = bars_of(trained.lake, "SYN001", Timeframe.D1).frame["ts"][-1]
    live = replace(trained, clock=FixedClock(market_calendar("XNYS").close_of(last) + timedelta(hours=1)))
    later = replace(live, clock=FixedClock(live.clock.now() + timedelta(minutes=1)))
    (first,) = forecast(live, cells())
    (second,) = forecast(later, cells())
    assert "replay" not in first.forecasts[0].flags
    assert first.forecasts[0].made_at == live.clock.now()
    assert [row.new for row in second.rows] == [True] * 3
    assert trained.store.ledger.verify().rows == 6


def test_bars_that_stopped_coming_are_flagged_stale(trained: Workspace) -> None:
    calendar = market_calendar("XNYS")
    last = bars_of(trained.lake, "SYN001", Timeframe.D1).frame["ts"][-1]
    for sessions, stale in ((1, False), (2, True)):
        now = calendar.close_of(calendar.shift(last, sessions)) + timedelta(minutes=1)
        (bundle,) = forecast(replace(trained, clock=FixedClock(now)), cells(), dry_run=True)
        assert ("stale" in bundle.forecasts[-1].flags) is stale
        assert "replay" not in bundle.forecasts[-1].flags


def test_the_rows_of_each_day_are_counted(trained: Workspace) -> None:
    forecast(trained, cells())
    assert trained.store.ledger.per_day() == {trained.clock.now().date(): 3}


def test_bars_that_went_bad_are_refused_before_a_forecast(trained: Workspace) -> None:
    bars = bars_of(trained.lake, "SYN001", Timeframe.D1)
    broken = bars.frame.with_columns(
        high=pl.when(pl.int_range(pl.len()) == 300).then(pl.col("low") * 0.9).otherwise(pl.col("high"))
    )
    trained.lake.write(bars.with_frame(broken))
    (bundle,) = forecast(trained, cells())
    assert bundle.forecasts == ()
    assert {error.exit_code for _, error in bundle.errors} == {3}


def test_a_forming_bar_is_not_used(trained: Workspace) -> None:
    frame = bars_of(trained.lake, "SYN001", Timeframe.D1).frame
    before_close = replace(trained, clock=FixedClock(frame["ts"][-1] + timedelta(hours=15)))
    (bundle,) = forecast(before_close, cells()[:1], dry_run=True)
    assert bundle.forecasts[0].data_until == market_calendar("XNYS").close_of(frame["ts"][-2])
    assert bundle.forecasts[0].current_price == frame["close"][-2]


def test_the_first_target_lies_after_the_last_closed_bar_and_follows_the_calendar(trained: Workspace) -> None:
    calendar = market_calendar("XNYS")
    last = bars_of(trained.lake, "SYN001", Timeframe.D1).frame["ts"][-1]
    (bundle,) = forecast(trained, cells(), dry_run=True)
    assert bundle.forecasts[0].matures_at == calendar.close_of(calendar.shift(last, 5))


def test_poisoning_the_last_bar_changes_the_forecast(trained: Workspace) -> None:
    (before,) = forecast(trained, cells(), dry_run=True)
    bars = bars_of(trained.lake, "SYN001", Timeframe.D1)
    last = pl.int_range(pl.len()) == bars.frame.height - 1
    poisoned = bars.frame.with_columns(
        pl.when(last).then(pl.col(name) * 1.03).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close")
    )
    trained.lake.write(bars.with_frame(poisoned))
    (after,) = forecast(trained, cells(), dry_run=True)
    assert after.forecasts[0].current_price != before.forecasts[0].current_price
    assert after.forecasts[0].data_hash != before.forecasts[0].data_hash
    assert after.forecasts[0].quantiles != before.forecasts[0].quantiles


def test_bands_hold_their_median_and_never_narrow_with_the_horizon(trained: Workspace) -> None:
    (bundle,) = forecast(trained, cells(), dry_run=True)
    widths = []
    for row in bundle.forecasts:
        low, high = row.band(80)
        assert low <= row.quantiles["q50"] <= high
        widths.append(high - low)
    assert widths == sorted(widths)


def test_a_dry_run_writes_nothing(trained: Workspace) -> None:
    forecast(trained, cells(), dry_run=True)
    assert trained.store.ledger.verify().rows == 0


def test_without_shown_skill_the_direction_abstains(trained: Workspace) -> None:
    (bundle,) = forecast(trained, cells(), dry_run=True)
    for row in bundle.forecasts:
        assert ("abstain" in row.flags) == (row.verdict != "skill")
        if "abstain" in row.flags:
            assert row.label == "NEUTRAL"


def test_an_untrained_cell_names_the_command_that_trains_it(workspace: Workspace) -> None:
    (bundle,) = forecast(workspace, [Cell("SYN002", "d1", "5d")])
    ((_, error),) = bundle.errors
    assert isinstance(error, NotTrained)
    assert error.exit_code == 4
    assert "augury train --symbol SYN002 --timeframe d1" in str(error)


def test_the_weights_of_the_version_are_the_weights_of_the_row(trained: Workspace) -> None:
    (bundle,) = forecast(trained, cells(), dry_run=True)
    for row in bundle.forecasts:
        _, manifest = trained.store.artifacts.open("SYN001", "d1", row.horizon, row.version)
        assert row.weights == manifest.weights
        assert row.artifact_hash == manifest.content_hash


def test_the_store_is_asked_as_often_for_one_cell_as_for_all_of_a_symbol(trained: Workspace) -> None:
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(trained.store.engine, "before_cursor_execute", note)
    counts = []
    for wanted in (cells()[:1], cells()):
        asked.clear()
        forecast(trained, wanted, dry_run=True)
        counts.append(sum(statement.startswith("SELECT") for statement in asked))
    assert counts[0] == counts[1] > 0


def test_more_cells_than_pay_for_processes_go_to_the_pool(trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    many = replace(trained, settings=replace(trained.settings, workers=2))
    started: list[int] = []

    def parallel(place: Workspace, asked: list[Cell], stale: bool, pool: Executor) -> list[Bundle]:
        started.append(len(asked))
        return []

    monkeypatch.setattr(forecasting, "_in_parallel", parallel)
    monkeypatch.setattr(forecasting, "PARALLEL_MIN", 3)
    forecast(many, cells()[:2], dry_run=True)
    forecast(many, cells(), dry_run=True)
    assert started == [3]
