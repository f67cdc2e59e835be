"""A version with members that read closes is trained, served, compared, reproduced and explained like any other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from augury.core.clock import FixedClock
from augury.core.errors import UsageError
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.synthetic import SyntheticMarket
from augury.records.registry.loader import EnsembleLoader
from augury.runs.cells import Cell
from augury.runs.executors._protocol import answer
from augury.runs.forecasts.forecasting import forecast
from augury.runs.forecasts.view import View
from augury.runs.jobs.rebuild import close_of_last
from augury.runs.proving import reproduction
from augury.runs.proving.explanation import CLOSES, explained
from augury.runs.proving.parity import parity
from augury.runs.proving.reproduction import find_version, reproduce
from augury.runs.recipes import load_recipe
from augury.runs.training import train
from augury.runs.workspace import Workspace

CELL = Cell("SYN001", "d1", "5d")
SERIES = Recipe(
    name="series",
    members={"trend_season": {}, "arima_garch": {"max_order": 0}, "logreg": {}},
    folds=2,
    horizons=("5d",),
    calibration="isotonic",
    bands="volatility",
)


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Workspace]:
    """One symbol of 1,300 daily bars; the clock stands at the close of the last."""
    settings = Settings.load({"data_dir": tmp_path, "workers": 1}, environ={}, start=tmp_path)
    bars = SyntheticMarket(n_symbols=1, n_bars=1300, ic=0.1).bars()
    with Workspace.open(settings, clock=FixedClock(close_of_last(bars))) as opened:
        opened.lake.write(bars)
        yield opened


@pytest.fixture
def trained(market: Workspace) -> Workspace:
    (outcome,) = train(market, [CELL], SERIES)
    assert outcome.error is None
    return market


def test_a_version_with_series_members_is_served_with_the_newest_bars_and_flagged_raw(trained: Workspace) -> None:
    manifest = find_version(trained, "SYN001").manifest
    assert {entry.name: entry.status for entry in manifest.members} == dict.fromkeys(SERIES.members, "ready")
    assert {"members/arima_garch/member.json", "bands/volatility.json"} <= set(manifest.files)
    assert {event["event"] for event in manifest.events} >= {"rolled", "raw"}
    assert "statsmodels" in manifest.libraries
    (bundle,) = forecast(trained, [CELL], dry_run=True)
    (said,) = bundle.forecasts
    assert "raw" in said.flags
    assert "degraded" not in said.flags
    assert set(said.weights) == set(SERIES.members)

    bars = trained.lake.read([CELL.symbol], Timeframe.D1)
    crash = (pl.int_range(pl.len()) == bars.frame.height - 1).cast(pl.Float64)
    frame = bars.frame.with_columns(close=pl.col("close") * (1 - 0.2 * crash), low=pl.col("low") * (1 - 0.25 * crash))
    trained.lake.write(bars.with_frame(frame))
    (bundle,) = forecast(trained, [CELL], dry_run=True)
    (shaken,) = bundle.forecasts
    before, after = (one.quantiles["q90"] - one.quantiles["q10"] for one in (said, shaken))
    assert after > 1.5 * before, "the volatility model and the series members see the last bar"


def test_served_rows_of_a_version_with_series_members_equal_the_batch_bit_for_bit(trained: Workspace) -> None:
    forecast(trained, [CELL])
    report = parity(trained, n=30)
    assert report.differences == []
    assert report.skipped == []
    assert report.ledger + report.replayed == 30


def test_a_version_with_series_members_gives_the_same_bytes_in_a_fresh_process(trained: Workspace) -> None:
    found = reproduce(trained, find_version(trained, "SYN001"))
    assert [one for one in found.rows if not one.equal] == []
    what = [one.what for one in found.rows]
    assert {"files/members/arima_garch/member.json", "files/members/trend_season/member.json"} <= set(what)


def test_another_setting_of_a_series_member_is_named_by_a_file_that_differs(
    trained: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SERIES.replace(members=SERIES.members | {"trend_season": {"season_order": 2}})
    monkeypatch.setattr(
        reproduction, "_ask", lambda task, seconds_max: answer("rebuild", task | {"recipe": other.to_json()})
    )
    found = reproduce(trained, find_version(trained, "SYN001"))
    assert "files/members/trend_season/member.json" in [one.what for one in found.rows if not one.equal]


def test_a_missing_extra_is_unavailable_in_the_version_and_degraded_in_every_forecast(
    market: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "prophet", None)
    (outcome,) = train(market, [CELL], SERIES.replace(members={"prophet": {}, "logreg": {}}))
    assert outcome.manifest is not None
    entries = {entry.name: entry for entry in outcome.manifest.members}
    assert entries["prophet"].status == "unavailable"
    assert "augury[prophet]" in entries["prophet"].reason
    assert outcome.manifest.weights == {"logreg": 1.0}
    (bundle,) = forecast(market, [CELL], dry_run=True)
    assert "degraded" in bundle.forecasts[0].flags


def test_a_series_member_whose_bars_are_gone_is_dropped_from_the_forecast_which_says_so(trained: Workspace) -> None:
    """The lake was cut to its newest bars: the member was fitted from an earlier bar on."""
    bars = trained.lake.read([CELL.symbol], Timeframe.D1)
    loaded = EnsembleLoader(trained.store).load(CELL.symbol, CELL.timeframe, CELL.horizon)
    from augury.runs.forecasts import forecasting

    view = View.of(trained, CELL.symbol, Timeframe.D1)
    short = replace(view, bars=bars.with_frame(bars.frame.tail(400)), features={})
    (said,) = forecasting.forecast_from(short, {CELL: loaded}).forecasts
    assert "degraded" in said.flags
    assert set(said.weights) == {"logreg"}


def test_the_closes_are_one_line_of_the_explanation_beside_the_features(trained: Workspace) -> None:
    asked = explained(trained, "SYN001")
    why = asked.rationale()
    lines = {line.what: line for line in why.lines}
    shares = [line.share for what, line in lines.items() if what not in ("base", "score", "80 % band")]
    score, base = lines["score"].value, lines["base"].value
    assert score is not None
    assert base is not None
    assert sum(share or 0.0 for share in shares) == pytest.approx(score - base, abs=1e-9)
    assert lines[CLOSES].share != 0
    assert lines[CLOSES].value == pytest.approx(asked.forecast.current_price)
    prediction = asked.loaded.ensemble.predict(asked.row)
    assert score == pytest.approx(float(prediction.score[0]), abs=1e-12)
    with pytest.raises(UsageError, match="reads the order of the closes"):
        asked.member("arima_garch")
    assert len(asked.importance()) > 0


def test_the_recipe_file_of_series_members_is_understood_and_a_wrong_setting_is_refused(tmp_path: Path) -> None:
    recipe = load_recipe("recipes/series.yaml")
    assert {"arima_garch", "trend_season"} <= set(recipe.members)
    path = tmp_path / "own.yaml"
    path.write_text("members: {arima_garch: {max_ordre: 1}}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="did you mean 'max_order'"):
        load_recipe(str(path))
    path.write_text("members: {logreg: {}}\nbands: volatilty\n", encoding="utf-8")
    with pytest.raises(UsageError, match="did you mean 'volatility'"):
        load_recipe(str(path))


def test_a_clock_an_hour_later_says_the_same_of_the_same_bars(trained: Workspace) -> None:
    (now,) = forecast(trained, [CELL], dry_run=True)
    later = replace(trained, clock=FixedClock(trained.clock.now() + timedelta(hours=1)))
    (then,) = forecast(later, [CELL], dry_run=True)
    assert now.forecasts[0].probabilities == then.forecasts[0].probabilities
    assert now.forecasts[0].quantiles == then.forecasts[0].quantiles
