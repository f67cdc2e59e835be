"""Eighty daily forecasts of a market whose volatility doubles: bands follow, and every row can be made again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.clock import FixedClock
from augury.core.forecast import Forecast
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import known_at
from augury.data.calendar.openings import opening_times
from augury.models.adaptation import OUTCOMES_MIN, BandCorrection
from augury.models.conformal import BANDS
from augury.records.registry.loader import EnsembleLoader
from augury.runs.cells import Cell
from augury.runs.executors.inline import Inline
from augury.runs.forecasts import forecasting
from augury.runs.forecasts.evaluation import mature
from augury.runs.forecasts.forecasting import forecast
from augury.runs.forecasts.view import View
from augury.runs.jobs.rebuild import hashes
from augury.runs.proving.parity import parity
from augury.runs.proving.recomputing import Recomputing
from augury.runs.proving.time_machine import rebuild_rows
from augury.runs.training import train
from augury.runs.workspace import Workspace

DAYS, TRAINED = 80, 300
CELLS = [Cell("AAA", "d1", "1d"), Cell("AAA", "d1", "5d")]
START = datetime(2024, 1, 2, tzinfo=UTC)


def doubling() -> Bars:
    """Bars that move by 1 % a day, and by 2 % in the second half of the forecast days."""
    n = TRAINED + DAYS + 1
    rng = np.random.default_rng(22)
    moves = 0.01 * rng.normal(size=n)
    moves[TRAINED + 1 + DAYS // 2 :] *= 2
    close = 100 * np.exp(np.cumsum(moves))
    opened = np.r_[100.0, close[:-1]]
    frame = pl.DataFrame(
        {
            "symbol": ["AAA"] * n,
            "ts": opening_times(Timeframe.D1, "XNYS", START, n),
            "open": opened,
            "high": np.maximum(opened, close) * (1 + 0.003 * rng.random(n)),
            "low": np.minimum(opened, close) * (1 - 0.003 * rng.random(n)),
            "close": close,
            "volume": 1e6 * (1 + rng.random(n)),
        },
        schema=dict(BAR_SCHEMA),
    )
    return Bars(frame, Timeframe.D1, adjustment="full")


def at(place: Workspace, moment: datetime) -> Workspace:
    return replace(place, clock=FixedClock(moment))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A quarter of an hour after each close: score what has matured, then forecast."""
    folder = tmp_path_factory.mktemp("quarter")
    settings = Settings.load({"data_dir": folder, "workers": 1}, environ={}, start=folder)
    recipe = Recipe(name="tiny", members={"gb": {"n_estimators": 5, "max_depth": 2}}, folds=2)
    bars = doubling()
    closes = known_at(bars.frame["ts"], Timeframe.D1, "XNYS").to_list()
    with Workspace.open(settings, clock=FixedClock(closes[-1] + timedelta(hours=1))) as place:
        place.lake.write(bars.with_frame(bars.frame.head(TRAINED)))
        assert [one.error for one in train(at(place, closes[TRAINED - 1]), CELLS, recipe)] == [None, None]
        place.lake.write(bars)
        for close in closes[TRAINED:-1]:
            then = at(place, close + timedelta(minutes=15))
            mature(then)
            forecast(then, CELLS, allow_stale=True)
        mature(place)
        yield place


def said(place: Workspace, horizon: str) -> list[Forecast]:
    return [row.forecast for row in reversed(place.store.ledger.list("AAA", "d1", horizon, limit=1000))]


def plain(place: Workspace, cell: Cell) -> dict[datetime, dict[str, float]]:
    """What the version says at every close by itself, in one batch."""
    loaded = EnsembleLoader(place.store).load(cell.symbol, cell.timeframe, cell.horizon)
    bars = place.lake.read([cell.symbol], Timeframe.D1)
    closes = dict(zip(bars.frame["ts"], known_at(bars.frame["ts"], Timeframe.D1, "XNYS"), strict=True))
    return {closes[ts]: row.ladder for ts, row in Recomputing(bars).answers(loaded, list(closes)).items()}


def held(ladder: dict[str, float], came: float, level: float = 0.8) -> bool:
    low, high = BANDS[level]
    return ladder[low] <= came <= ladder[high]


def test_bands_cover_nearer_to_their_level_than_those_of_the_version_alone(lived: Workspace) -> None:
    rows, alone = lived.store.matured_bands.list("AAA", "d1", "1d"), plain(lived, CELLS[0])
    assert len(rows) == DAYS
    adapted = np.mean([held(row.quantiles, row.realised_return) for row in rows])
    unadapted = np.mean([held(alone[row.data_until], row.realised_return) for row in rows])
    assert unadapted < 0.74
    assert unadapted < adapted <= 0.8


def test_until_fifty_outcomes_are_known_every_row_is_what_it_would_have_been(lived: Workspace) -> None:
    alone = plain(lived, CELLS[0])
    for at_day, row in enumerate(said(lived, "1d")):
        known = at_day - 1 if at_day else 0  # the last one matures at the close the next is made from
        assert ("adapted" in row.flags) == (known + 1 > OUTCOMES_MIN), at_day
        assert (row.quantiles == alone[row.data_until]) == ("adapted" not in row.flags)
        assert row.quantiles["q50"] == alone[row.data_until]["q50"]
    assert {flag for row in said(lived, "5d") for flag in row.flags} == {"abstain"}


def test_bands_do_not_narrow_with_the_horizon(lived: Workspace) -> None:
    for near, far in zip(said(lived, "1d"), said(lived, "5d"), strict=True):
        for low, high in BANDS.values():
            assert far.quantiles[high] - far.quantiles[low] >= near.quantiles[high] - near.quantiles[low]


def test_parity_finds_no_difference_and_names_a_correction_that_was_left_out(
    lived: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = parity(lived, n=30)
    assert (report.differences, report.skipped, report.ledger) == ([], [], 30)
    monkeypatch.setattr("augury.runs.proving.parity.BandCorrection.of", lambda rows: BandCorrection({}, 0, 0.0))
    wrong = parity(lived, n=6)
    assert {"adapted", "q10"} <= {found.column for found in wrong.differences}


def test_the_time_machine_rebuilds_adapted_rows_to_the_bit(lived: Workspace) -> None:
    rows = lived.store.ledger.list("AAA", "d1", limit=24)
    assert [digest for digest, _ in rebuild_rows(lived, rows)] == [row.forecast.content_hash for row in rows]


def test_the_job_of_another_process_says_the_same(lived: Workspace) -> None:
    alone = forecast(lived, CELLS, allow_stale=True, dry_run=True)
    (elsewhere,) = forecast(lived, CELLS, allow_stale=True, dry_run=True, executor=Inline())
    assert "adapted" in alone[0].forecasts[0].flags
    assert elsewhere.forecasts == alone[0].forecasts


def test_what_is_scored_in_the_same_moment_was_not_known_yet(lived: Workspace) -> None:
    """Whether the evaluation or the forecast ran first, the row is the same."""
    last = lived.store.matured_bands.list("AAA", "d1", "1d")[-1]
    spec = last.label_spec_hash
    at_once = lived.store.matured_bands.list("AAA", "d1", "1d", label_spec_hash=spec, before=last.evaluated_at)
    assert last not in at_once
    later = last.evaluated_at + timedelta(microseconds=1)
    assert last in lived.store.matured_bands.list("AAA", "d1", "1d", label_spec_hash=spec, before=later)
    assert lived.store.matured_bands.list("AAA", "d1", "1d", label_spec_hash="0" * 64) == []


def test_a_replay_knows_only_what_was_known_where_its_data_end(lived: Workspace) -> None:
    row = said(lived, "1d")[70]
    view = View.of(at(lived, row.made_at), "AAA", Timeframe.D1)
    loaded = EnsembleLoader(lived.store).load("AAA", "d1", "1d")
    today = replace(view, now=lived.clock.now())
    (replay,) = forecasting.forecast_from(today, {CELLS[0]: loaded}).forecasts
    assert {"adapted", "replay"} <= set(replay.flags)
    assert replay.quantiles == row.quantiles


def test_a_version_is_reproduced_without_what_came_of_it(lived: Workspace) -> None:
    """A retrained version of a cell with a past says, in an empty folder, what it says here."""
    loaded = EnsembleLoader(lived.store).load("AAA", "d1", "1d")
    bars = lived.lake.read(["AAA"], Timeframe.D1)
    view = View.of(lived, "AAA", Timeframe.D1)
    (own,) = forecasting.forecast_from(replace(view, matured=None), {CELLS[0]: loaded}).forecasts
    (served,) = forecasting.forecast_from(view, {CELLS[0]: loaded}).forecasts
    assert own.quantiles != served.quantiles
    at_close = replace(view, now=view.data_until, matured=None)
    (alone,) = forecasting.forecast_from(at_close, {CELLS[0]: loaded}).forecasts
    assert hashes(lived, bars, loaded)["forecast"] == alone.content_hash
