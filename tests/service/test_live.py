"""Forecasts made now: equal to those of the command line, kept while they are true, every parameter acting."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.errors import UnknownName, UsageError
from augury.core.forecast import Forecast
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import known_at
from augury.features.engine import build
from augury.models.ensemble.fusion import FusionSettings
from augury.records.ledger.forecast_pages import ForecastPages
from augury.records.registry.artifacts import ArtifactStore
from augury.records.registry.loader import EnsembleLoader
from augury.runs.cells import Cell
from augury.runs.forecasts.chart import Style, order, orders, smoothed
from augury.runs.forecasts.forecasting import forecast
from augury.runs.forecasts.live import watch
from augury.runs.forecasts.positions import Position
from augury.runs.workspace import Workspace
from augury.service.backend import Backend
from augury.service.serving.desk import Desk, desk_of
from augury.service.serving.kept import Kept

Keys = dict[str, dict[str, str]]
CELLS = [Cell("SYN001", "d1", "1d"), Cell("SYN001", "d1", "5d")]
BODY: dict[str, Any] = {"symbol": "SYN001", "timeframe": "d1", "days_on_chart": 30, "dry_run": True}


def said_at(workspace: Workspace, moment: datetime) -> Workspace:
    """The same workspace, its clock at another moment."""
    store = replace(workspace.store, clock=FixedClock(moment))
    return replace(workspace, clock=FixedClock(moment), store=store)


def posted(client: TestClient, keys: Keys, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/forecasts", json=BODY | more, headers=keys["predict"])
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_two_hundred_live_forecasts_are_those_of_the_offline_run(workspace: Workspace) -> None:
    bars = workspace.lake.read(["SYN001"], Timeframe.D1)
    closes = known_at(bars.frame["ts"], bars.timeframe, bars.calendar).to_list()[-100:]
    desk = Desk(said_at(workspace, closes[0]))
    compared = 0
    for close in closes:
        desk.workspace = said_at(workspace, close)
        live = desk.forecast(CELLS, allow_stale=True, dry_run=True)
        (offline,) = forecast(desk.workspace, CELLS, allow_stale=True, dry_run=True)
        assert live.forecasts == offline.forecasts
        compared += len(live.forecasts)
    assert compared == 200


def test_features_of_a_new_bar_go_on_from_the_bar_before_bit_for_bit(workspace: Workspace) -> None:
    loaded = EnsembleLoader(workspace.store).load("SYN001", "d1", "5d")
    bars = workspace.lake.read(["SYN001"], Timeframe.D1)
    closes = known_at(bars.frame["ts"], bars.timeframe, bars.calendar).to_list()[-5:]
    seen = None
    for close in closes:
        seen = watch(said_at(workspace, close), "SYN001", Timeframe.D1, seen)
        row = seen.view.table(loaded.manifest.features)
        whole = build(seen.view.bars, loaded.manifest.features)
        assert row.frame.equals(whole.frame.tail(1))
        assert row.data_version == whole.data_version


def test_bars_that_were_revised_are_computed_from_the_beginning(workspace: Workspace) -> None:
    loaded = EnsembleLoader(workspace.store).load("SYN001", "d1", "5d")
    seen = watch(workspace, "SYN001", Timeframe.D1)
    seen.view.table(loaded.manifest.features)
    bars = workspace.lake.read(["SYN001"], Timeframe.D1)
    workspace.lake.write(_raised(bars))
    again = watch(workspace, "SYN001", Timeframe.D1, seen)
    assert not again.view.memories
    row = again.view.table(loaded.manifest.features)
    assert row.frame.equals(build(again.view.bars, loaded.manifest.features).frame.tail(1))


def _raised(bars: Bars) -> Bars:
    prices = [bars.frame[name] * 1.01 for name in ("open", "high", "low", "close")]
    return bars.with_frame(bars.frame.with_columns(*prices))


def test_what_was_predicted_is_kept_until_a_bar_or_a_promotion_comes(workspace: Workspace) -> None:
    desk = Desk(workspace)
    first = desk.forecast(CELLS, allow_stale=True, dry_run=True)
    desk.forecast(CELLS, allow_stale=True, dry_run=True)
    assert len(desk.predictions) == 1
    workspace.lake.write(_raised(workspace.lake.read(["SYN001"], Timeframe.D1)))
    moved = desk.forecast(CELLS, allow_stale=True, dry_run=True)
    assert len(desk.predictions) == 2
    assert {row.data_hash for row in moved.forecasts}.isdisjoint(row.data_hash for row in first.forecasts)
    versions = [row.version for row in workspace.store.versions.list() if (row.symbol, row.horizon) == ("SYN001", "1d")]
    other = next(name for name in versions if name != moved.forecasts[0].version)
    workspace.store.versions.promote("SYN001", "d1", "1d", other, by="a test")
    after = desk.forecast(CELLS, allow_stale=True, dry_run=True)
    assert after.forecasts[0].version == other
    assert len(desk.predictions) == 3


def test_sixty_four_first_callers_load_a_version_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    real = ArtifactStore.open

    def counted(self: ArtifactStore, *where: Any) -> Any:
        loads.append(where)
        return real(self, *where)

    monkeypatch.setattr(ArtifactStore, "open", counted)
    desk, start = Desk(workspace), threading.Barrier(64)

    def ask(_: int) -> tuple[Forecast, ...]:
        start.wait()
        return desk.forecast(CELLS[:1], allow_stale=True, dry_run=True).forecasts

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(ask, range(64)))
    assert len(loads) == 1
    assert len(set(map(repr, answers))) == 1


def test_what_a_load_raises_is_not_kept() -> None:
    kept: Kept[str, int] = Kept(1)
    with pytest.raises(UsageError):
        kept.get("a", lambda: _raise())
    assert kept.get("a", lambda: 7) == 7


def _raise() -> int:
    raise UsageError("no")


def test_a_forecast_is_written_once_and_a_dry_run_never(client: TestClient, keys: Keys, workspace: Workspace) -> None:
    pages = ForecastPages(workspace.store.engine)
    before = len(pages.page(limit=None))
    dry = posted(client, keys)
    assert (dry["forecast_ids"], dry["metadata"]["written"]) == ([], False)
    assert len(pages.page(limit=None)) == before
    first, again = posted(client, keys, dry_run=False), posted(client, keys, dry_run=False)
    assert first["forecast_ids"] == again["forecast_ids"] != []
    assert workspace.store.ledger.verify().ok


def test_the_library_and_http_say_the_same(client: TestClient, keys: Keys, workspace: Workspace) -> None:
    said = posted(client, keys)["forecasts"]
    (offline,) = forecast(workspace, CELLS, dry_run=True)
    for row, other in zip(said, offline.forecasts, strict=True):
        assert (row["p_bearish"], row["p_neutral"], row["p_bullish"]) == other.probabilities
        assert row["quantiles"] == other.quantiles


def test_horizons_without_a_champion_are_listed_and_none_left_is_a_problem(client: TestClient, keys: Keys) -> None:
    found = posted(client, keys, horizons=["1d", "30d"])
    assert [row["horizon"] for row in found["forecasts"]] == ["1d"]
    assert [(one["horizon"], one["code"]) for one in found["refused"]] == [("30d", "NotTrained")]
    none = client.post("/v1/forecasts", json=BODY | {"symbol": "NOBODY"}, headers=keys["predict"])
    assert none.status_code == 503
    assert none.json()["fix"] == "augury train --symbol NOBODY --timeframe d1"


@pytest.mark.parametrize(
    "more",
    [
        {"days_on_chart": 5},
        {"smoothing": "ema"},
        {"smoothing": "moving_average"},
        {"fusion": {"mode": "regressor"}},
        {"fusion": {"mode": "classifier", "thresholds": {"buy": 0.0, "sell": 0.0}}},
        {"fusion": {"mode": "regressor", "thresholds": {"regressor": 0.0}}},
        {"fusion": {"mode": "regressor", "scale": 3.0}},
        {"risk_profile": "conservative"},
        {"horizons": ["5d"]},
    ],
    ids=str,
)
def test_every_parameter_changes_the_answer(client: TestClient, keys: Keys, more: dict[str, Any]) -> None:
    plain = posted(client, keys, fusion={"mode": "hybrid"})
    changed = posted(client, keys, **more)
    for found in (plain, changed):
        found.pop("metadata")
    assert changed != plain


def _row(workspace: Workspace) -> Forecast:
    found = ForecastPages(workspace.store.engine).page(limit=1)[0].row.forecast
    return replace(found, flags=(), expected_return=0.02)


def _fused(row: Forecast, size: float) -> Position:
    return Position(row, size, size, ("regressor",), "", (0.2, 0.3, 0.5))


def test_floors_and_the_risk_profile_decide_what_is_done(workspace: Workspace) -> None:
    row = _row(workspace)
    bought = order(row, _fused(row, 0.4), Style())
    assert (bought.action, bought.position) == ("BUY", 0.4)
    assert order(row, _fused(row, 0.4), Style(buy_floor=0.6)).action == "HOLD"
    assert order(row, _fused(row, -0.4), Style()).action == "SELL"
    assert order(row, _fused(row, -0.4), Style(sell_floor=0.3)).action == "HOLD"
    assert order(row, _fused(row, 0.4), Style(trade_share_floor=0.5)).action == "HOLD"
    assert order(row, _fused(row, 0.4), Style(risk_profile="conservative")).position == 0.2
    assert order(row, _fused(row, 0.9), Style(risk_profile="aggressive")).position == 1.0
    short = Style(fusion=FusionSettings(max_short=0.3), risk_profile="aggressive")
    assert order(row, _fused(row, -0.3), short).position == -0.3


def test_a_forecast_that_abstains_moves_nothing(workspace: Workspace) -> None:
    row = replace(_row(workspace), flags=("abstain",))
    held = order(row, _fused(row, 0.9), Style())
    assert (held.fused, held.position, held.action) == (0.9, 0.0, "HOLD")


def test_max_short_and_thresholds_reach_the_fusion(workspace: Workspace) -> None:
    row = replace(_row(workspace), expected_return=-0.5)
    sizes = [
        orders(workspace, [row], Style(fusion=FusionSettings("regressor", max_short=most)))[0].fused
        for most in (0.0, 0.25)
    ]
    assert sizes == [0.0, -0.25]


def test_smoothing_never_looks_ahead() -> None:
    values = [0.01, -0.02, 0.03, 0.5]
    for how in ("none", "ema", "moving_average"):
        assert smoothed(values, how)[:3] == smoothed(values[:3], how)


def test_unknown_styles_are_refused() -> None:
    with pytest.raises(UnknownName):
        Style(smoothing="spline")
    with pytest.raises(UsageError):
        Style(buy_floor=1.5)


def test_unknown_fields_and_wrong_values_are_refused(client: TestClient, keys: Keys) -> None:
    for more in ({"window": 5}, {"smoothing": "spline"}, {"days_on_chart": "30"}, {"fusion": {"scale": 0}}):
        answer = client.post("/v1/forecasts", json=BODY | more, headers=keys["predict"])
        assert answer.status_code == 422, more
    assert client.post("/v1/forecasts", json=BODY, headers=keys["read"]).status_code == 403


def test_the_past_of_the_chart_is_what_the_ledger_holds(client: TestClient, keys: Keys, backend: Backend) -> None:
    found = posted(client, keys, horizons=["1d"], dry_run=True)
    told = ForecastPages(backend.workspace.store.engine).page("SYN001", "d1", "1d", limit=None)
    said = {one.row.forecast.expected_return for one in told}
    shown = [value for value in found["predicted_returns"] if value is not None]
    assert shown
    assert set(shown) <= said
    assert found["actual_returns"][-1] is None
    assert len(found["dates"]) == len(found["prices"]) == len(found["candles"]) == 30
    assert desk_of(backend).watched("SYN001", "d1").view.now.tzinfo is UTC
