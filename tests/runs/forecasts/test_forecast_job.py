from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.clock import FixedClock
from augury.core.errors import DataError, NotTrained
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.data.calendar.availability import known_at
from augury.data.calendar.openings import opening_times
from augury.data.calendar.resample import to_weekly
from augury.data.synthetic import SyntheticMarket
from augury.runs.cells import Cell, plan_cells
from augury.runs.executors.pool import Pool
from augury.runs.forecasts import forecasting
from augury.runs.forecasts.all_cells import champion_cells, forecast_all
from augury.runs.forecasts.consensus import form, latest, quality_of
from augury.runs.forecasts.evaluation import mature
from augury.runs.forecasts.forecasting import forecast
from augury.runs.forecasts.view import View
from augury.runs.intake import bars_of
from augury.runs.proving.time_machine import as_of, rebuild_rows
from augury.runs.training import train
from augury.runs.workspace import Workspace

HORIZONS = {"d1": ("5d", "15d"), "w1": ("15d", "30d")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Two symbols trained in two timeframes, the clock an hour after the last close."""
    folder = tmp_path_factory.mktemp("job")
    settings = Settings.load({"data_dir": folder, "workers": 1}, environ={}, start=folder)
    recipe = Recipe(name="tiny", members={"gb": {"n_estimators": 5, "max_depth": 3}}, folds=2)
    bars = SyntheticMarket(n_symbols=2, n_bars=900, ic=0.1).bars()
    now = market_calendar("XNYS").close_of(bars.frame["ts"].max()) + timedelta(hours=1)
    with Workspace.open(settings, clock=FixedClock(now)) as opened:
        opened.lake.write(bars)
        opened.lake.write(to_weekly(bars))
        for frame, horizons in HORIZONS.items():
            for outcome in train(opened, plan_cells(bars.symbols, [frame], horizons), recipe):
                assert outcome.error is None
        yield opened


def test_every_champion_is_forecast_and_every_row_is_written(whole: Workspace) -> None:
    cells = champion_cells(whole)
    assert len(cells) == 8
    run = forecast_all(whole, cells)
    assert (len(run.made), run.dropped) == (8, ())
    assert [row.forecast for bundle in run.bundles for row in bundle.rows] == list(run.made)
    assert whole.store.ledger.verify().ok
    assert whole.store.consensus.verify().ok


def test_what_is_dropped_is_named(whole: Workspace) -> None:
    cells = [*champion_cells(whole, ["SYN001"], ["d1"]), Cell("SYN001", "d1", "90d")]
    run = forecast_all(whole, cells, dry_run=True)
    assert len(run.made) == 2
    ((cell, error),) = run.dropped
    assert cell.horizon == "90d"
    assert isinstance(error, NotTrained)


def test_a_pass_that_loses_a_row_fails(whole: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    real = forecasting.forecast_groups
    monkeypatch.setattr(
        forecasting, "forecast_groups",
        lambda *given: [replace(bundle, forecasts=bundle.forecasts[:1]) for bundle in real(*given)],
    )  # fmt: skip
    with pytest.raises(DataError, match="rows written = rows made"):
        forecast_all(whole, champion_cells(whole), dry_run=True)


def test_processes_say_the_same_as_one(whole: Workspace) -> None:
    cells = [*champion_cells(whole), Cell("SYN001", "d1", "90d")]
    alone = forecast(whole, cells, dry_run=True)
    pooled = forecast(whole, cells, dry_run=True, executor=Pool(2))
    assert [row for bundle in pooled for row in bundle.forecasts] == [row for one in alone for row in one.forecasts]
    assert [row.content_hash for one in pooled for row in one.forecasts] == [
        row.content_hash for one in alone for row in one.forecasts
    ]
    assert [(cell, str(error)) for one in pooled for cell, error in one.errors] == [
        (cell, str(error)) for one in alone for cell, error in one.errors
    ]


def test_timeframes_are_matched_by_duration_and_written_as_consensus(whole: Workspace) -> None:
    forecast_all(whole, champion_cells(whole))
    rows = latest(whole, "SYN001")
    assert [row.consensus.horizon for row in rows] == ["5d", "15d", "30d"]
    shared = rows[1].consensus
    assert [voice.timeframe for voice in shared.voices] == ["d1", "w1"]
    hashes = {row.row_hash for row in whole.store.ledger.list("SYN001")}
    assert {voice.row_hash for voice in shared.voices} <= hashes
    assert shared.made_at < shared.matures_at
    assert quality_of(shared, whole).value is None


def test_running_again_at_the_same_moment_writes_nothing_new(whole: Workspace) -> None:
    forecast_all(whole, champion_cells(whole))
    again = forecast_all(whole, champion_cells(whole))
    assert again.new == 0
    assert [row.new for row in again.consensus] == [False] * len(again.consensus)


def test_the_ladder_stands_beside_the_median(whole: Workspace) -> None:
    forecast_all(whole, champion_cells(whole))
    for one in form(whole, ["SYN001", "SYN002"]):
        bare = replace(one, ladder=None)
        assert bare.quantiles == one.quantiles
        if one.ladder is not None:
            assert one.label != "NEUTRAL"
            steps = [one.current_price, *one.ladder["take_profits"]]
            assert steps == sorted(steps, reverse=one.label == "BEARISH")


def test_a_forming_bar_changes_nothing_in_the_consensus(whole: Workspace) -> None:
    last = bars_of(whole.lake, "SYN001", Timeframe.D1).frame["ts"].max()
    midday = replace(whole, clock=FixedClock(last + timedelta(hours=17)))
    before = forecast(midday, champion_cells(whole, ["SYN001"]), dry_run=True)
    frames = {frame: whole.lake.read(["SYN001"], frame) for frame in (Timeframe.D1, Timeframe.W1)}
    try:
        daily, weekly = frames.values()
        grown = [
            pl.when(pl.col("ts") == last).then(pl.col(n) * 1.1).otherwise(pl.col(n)).alias(n) for n in ("high", "close")
        ]
        whole.lake.write(daily.with_frame(daily.frame.with_columns(grown)))
        this_week = weekly.frame.tail(1).with_columns(pl.col("ts") + timedelta(weeks=1))
        assert known_at(this_week["ts"], Timeframe.W1, "XNYS")[0] > midday.clock.now()
        whole.lake.write(weekly.with_frame(pl.concat([weekly.frame, this_week])))
        after = forecast(midday, champion_cells(whole, ["SYN001"]), dry_run=True)
        assert [one.forecasts for one in after] == [one.forecasts for one in before]
        assert len(before) == 2
    finally:
        for bars in frames.values():
            whole.lake.write(bars)


def test_the_time_machine_rebuilds_what_was_said_and_names_revised_bars(whole: Workspace) -> None:
    forecast_all(whole, champion_cells(whole))
    day = whole.clock.now().date()
    found = as_of(whole, "SYN001", day)
    assert len(found) == 4
    assert all(one.equal and one.reason == "" for one in found)
    target = found[0].row.forecast.matures_at.date()
    assert [one.row.forecast.horizon for one in as_of(whole, "SYN001", target, timeframe="d1")] == ["5d"]
    assert as_of(whole, "SYN001", day - timedelta(days=400)) == []
    bars = whole.lake.read(["SYN001"], Timeframe.D1)
    try:
        revised = bars.frame.with_columns(pl.col("volume") * 1.5)
        whole.lake.write(bars.with_frame(revised))
        (first, *_) = as_of(whole, "SYN001", day, timeframe="d1")
        assert not first.equal
        assert "revised" in first.reason
    finally:
        whole.lake.write(bars)


def test_a_hundred_rows_of_the_past_are_rebuilt_to_the_bit(whole: Workspace) -> None:
    bars = bars_of(whole.lake, "SYN002", Timeframe.D1)
    ends = known_at(bars.frame["ts"], Timeframe.D1, "XNYS").to_list()
    cells = champion_cells(whole, ["SYN002"], ["d1"])
    for moment in ends[-51:-1]:
        forecast(replace(whole, clock=FixedClock(moment + timedelta(minutes=15))), cells, allow_stale=True)
    said = whole.store.ledger.list("SYN002", "d1", limit=1000)
    assert len(said) >= 100
    found = rebuild_rows(whole, said)
    assert [digest for digest, _ in found] == [row.forecast.content_hash for row in said]
    scored = mature(replace(whole, clock=FixedClock(whole.clock.now())))
    assert len(scored.outcomes) >= 50


@pytest.mark.parametrize(
    ("timeframe", "bars_ahead", "close"),
    [
        (Timeframe.H1, 6, "2026-11-25 20:30"),
        (Timeframe.H1, 9, "2026-11-27 16:30"),
        (Timeframe.H4, 1, "2026-11-25 18:30"),
        (Timeframe.H4, 4, "2026-11-30 18:30"),
        (Timeframe.M15, 16, "2026-11-25 18:30"),
    ],
)
def test_an_intraday_forecast_matures_when_its_bar_closes(
    tmp_path: Path, speaking: Any, timeframe: Timeframe, bars_ahead: int, close: str
) -> None:
    """Thanksgiving lies between, and the session after it closes early."""
    opens = opening_times(timeframe, "XNYS", datetime(2026, 11, 2, tzinfo=UTC), 600)
    opens = [ts for ts in opens if ts < datetime(2026, 11, 25, tzinfo=UTC)][-120:]
    rows = [("AAA", ts, 1.0, 1.0, 1.0, 1.0, 1.0) for ts in opens]
    bars = Bars(pl.DataFrame(rows, schema=dict(BAR_SCHEMA), orient="row"), timeframe)
    view = View(bars, opens[-1], opens[-1], {})
    assert f"{view.matures_at(bars_ahead):%Y-%m-%d %H:%M}" == close
