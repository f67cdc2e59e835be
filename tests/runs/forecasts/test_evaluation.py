from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.clock import FixedClock
from augury.core.errors import UsageError
from augury.core.forecast import QUANTILES, Forecast
from augury.core.labelspec import CODES, LABELS, LabelSpec
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import known_at
from augury.data.calendar.openings import opening_times
from augury.features.engine import build
from augury.labels.attach import attach
from augury.runs.forecasts.evaluation import mature
from augury.runs.workspace import Workspace

START = datetime(2026, 3, 2, tzinfo=UTC)
SPEC = LabelSpec(Timeframe.D1, "5d", 5, 0.009)


def daily(closes: list[float | None], symbol: str = "AAA", start: datetime = START) -> Bars:
    opens = opening_times(Timeframe.D1, "XNYS", start, len(closes))
    rows = [(symbol, ts, c, c, c, c, 1000.0) for ts, c in zip(opens, closes, strict=True) if c is not None]
    return Bars(pl.DataFrame(rows, schema=dict(BAR_SCHEMA), orient="row"), Timeframe.D1, adjustment="full")


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[Workspace]:
    values: dict[str, Any] = {"data_dir": tmp_path, "workers": 1, "database_url": database_url}
    settings = Settings.load(values, environ={}, start=tmp_path)
    with Workspace.open(settings, clock=FixedClock(datetime(2026, 4, 1, tzinfo=UTC))) as opened:
        yield opened


@pytest.fixture
def spoken(place: Workspace, speaking: Any) -> Callable[..., Forecast]:
    def write(bars: Bars, at: int = 0, spec: LabelSpec = SPEC, **changes: Any) -> Forecast:
        """Write a forecast of the bar ``at``, said at its close by a version of its own."""
        manifest = speaking.publish(place, bars.symbols[0], spec)
        forecast: Forecast = speaking.say(manifest, bars, at, **changes)
        place.store.ledger.append([forecast], forecast.made_at)
        return forecast

    return write


def at_time(place: Workspace, moment: datetime) -> Workspace:
    return replace(place, clock=FixedClock(moment))


def test_a_forecast_is_scored_exactly_once_at_its_maturity(place: Workspace, spoken: Callable[..., Forecast]) -> None:
    bars = daily([100.0] * 5 + [102.0] * 3)
    place.lake.write(bars)
    forecast = spoken(bars, label="BULLISH", expected_return=0.01)
    early = mature(at_time(place, forecast.matures_at - timedelta(seconds=1)))
    assert (early.outcomes, early.pending) == ((), ())
    on_time = mature(at_time(place, forecast.matures_at))
    (outcome,) = on_time.outcomes
    assert (outcome.realised_label, outcome.outcome, outcome.hit) == ("BULLISH", "FULL_HIT", True)
    assert outcome.realised_return == pytest.approx(0.02)
    assert outcome.realised_price == 102.0
    assert mature(place).outcomes == ()
    assert list(place.store.evaluations.list()) == [outcome]
    assert place.store.evaluations.record([replace(outcome, outcome="MISS")]) == 0
    assert list(place.store.evaluations.list()) == [outcome]


def test_a_missing_actual_stays_pending_and_is_scored_when_it_comes(
    place: Workspace, spoken: Callable[..., Forecast]
) -> None:
    closes: list[float | None] = [100.0] * 5 + [102.0] * 3
    holed = daily([*closes[:5], None, *closes[6:]])
    place.lake.write(holed)
    spoken(daily(closes), label="NEUTRAL")
    (pending,) = mature(place).pending
    assert pending.reason.startswith("no bar in the lake closes at 2026-03-09")
    assert place.store.evaluations.list() == []
    place.lake.write(daily(closes))
    assert [row.realised_label for row in mature(place).outcomes] == ["BULLISH"]


def test_a_symbol_without_bars_is_pending_not_neutral(place: Workspace, spoken: Callable[..., Forecast]) -> None:
    spoken(daily([100.0] * 8))
    found = mature(place)
    assert (found.outcomes, len(found.pending)) == ((), 1)


def test_the_label_spec_of_the_forecast_decides_not_the_default(
    place: Workspace, spoken: Callable[..., Forecast]
) -> None:
    bars = daily([100.0] * 5 + [102.0] * 3)
    place.lake.write(bars)
    wide, narrow = replace(SPEC, threshold=0.03), replace(SPEC, threshold=0.001)
    for spec in (wide, narrow):
        spoken(bars, spec=spec)
    assert [row.realised_label for row in mature(place).outcomes] == ["NEUTRAL", "BULLISH"]


def test_a_split_after_the_forecast_does_not_look_like_a_crash(
    place: Workspace, spoken: Callable[..., Forecast]
) -> None:
    bars = daily([100.0] * 5 + [102.0] * 3)
    spoken(bars)
    place.lake.write(bars.with_frame(bars.frame.with_columns(pl.col("open", "high", "low", "close") / 4)))
    (outcome,) = mature(place).outcomes
    assert outcome.realised_return == pytest.approx(0.02)
    assert outcome.realised_price == 25.5


@pytest.mark.parametrize(
    ("timeframe", "horizon", "bars_ahead"), [(Timeframe.D1, "5d", 5), (Timeframe.H1, "4h", 4), (Timeframe.W1, "30d", 6)]
)
def test_the_realised_label_is_the_label_training_would_give(
    place: Workspace, speaking: Any, timeframe: Timeframe, horizon: str, bars_ahead: int
) -> None:
    rng = np.random.default_rng(7)
    opens = opening_times(timeframe, "XNYS", datetime(2025, 1, 6, tzinfo=UTC), 60)
    closes = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, 60)))
    rows = [("AAA", ts, c, c, c, c, 1e3) for ts, c in zip(opens, closes.tolist(), strict=True)]
    bars = Bars(pl.DataFrame(rows, schema=dict(BAR_SCHEMA), orient="row"), timeframe, adjustment="full")
    place.lake.write(bars)
    spec = LabelSpec(timeframe, horizon, bars_ahead, 0.005)
    manifest = speaking.publish(place, "AAA", spec)
    ends = known_at(bars.frame["ts"], timeframe, "XNYS").to_list()
    said = [speaking.say(manifest, bars, at, matures_at=ends[at + bars_ahead]) for at in range(60 - bars_ahead)]
    place.store.ledger.append(said, place.clock.now())
    wanted = attach(build(bars), bars, spec).frame
    for outcome in mature(at_time(place, datetime(2027, 1, 1, tzinfo=UTC))).outcomes:
        row = wanted.row(ends.index(outcome.data_until), named=True)
        assert outcome.realised_return == pytest.approx(row["fwd_ret"], abs=1e-15)
        assert outcome.realised_label == LABELS[CODES.index(row["label"])]


def test_replays_count_and_are_marked(place: Workspace, spoken: Callable[..., Forecast]) -> None:
    bars = daily([100.0] * 5 + [102.0] * 3)
    place.lake.write(bars)
    spoken(bars)
    spoken(bars, 1, flags=("abstain", "replay"))
    found = mature(place)
    live, replayed = found.outcomes
    assert found.replays == {replayed.forecast_id} == place.store.evaluations.replays([1, 2])
    assert (live.abstained, replayed.abstained) == (False, True)
    assert list(place.store.evaluations.list(replay=True)) == [replayed]
    assert list(place.store.evaluations.list(replay=False)) == [live]


def test_scored_forecasts_are_found_by_cell_version_and_time(place: Workspace, spoken: Callable[..., Forecast]) -> None:
    for symbol in ("AAA", "BRK.B"):
        bars = daily([100.0] * 5 + [102.0] * 20, symbol)
        place.lake.write(bars)
        for at in range(6):
            spoken(bars, at)
    mature(place)
    rows = place.store.evaluations.list("BRK.B", "d1", "5d")
    assert [row.symbol for row in rows] == ["BRK.B"] * 6
    assert [row.matures_at for row in rows] == sorted(row.matures_at for row in rows)
    window = place.store.evaluations.list("BRK.B", since=rows[1].matures_at, until=rows[3].matures_at)
    assert list(window) == list(rows[1:3])
    assert list(place.store.evaluations.list("BRK.B", limit=2)) == list(rows[-2:])
    assert list(place.store.evaluations.list("BRK.B", version=rows[0].version)) == list(rows)
    assert place.store.evaluations.list("BRK.B", version="20200101T000000Z-aaaaaa") == []
    assert place.store.evaluations.list("BRK.B", "h1") == []


def test_bands_and_losses_are_those_of_the_formulas(place: Workspace, spoken: Callable[..., Forecast]) -> None:
    bars = daily([100.0] * 5 + [100.0 * 1.03] * 3)
    place.lake.write(bars)
    ladder = {name: level / 10 - 0.05 for name, level in QUANTILES.items()}
    spoken(bars, quantiles=ladder, p_bearish=0.2, p_neutral=0.3, p_bullish=0.5)
    (outcome,) = mature(place).outcomes
    assert (outcome.covered50, outcome.covered80, outcome.covered95) == (False, True, True)
    assert outcome.brier == pytest.approx(0.04 + 0.09 + 0.25)
    each = [
        max(level * (0.03 - ladder[name]), (level - 1) * (0.03 - ladder[name])) for name, level in QUANTILES.items()
    ]
    assert outcome.pinball == pytest.approx(sum(each) / len(each))
    assert outcome.direction_correct is None


def test_the_future_cannot_be_asked_for(place: Workspace) -> None:
    with pytest.raises(UsageError, match="does not know"):
        mature(place, place.clock.now() + timedelta(seconds=1))


def test_a_bar_is_final_only_after_its_grace(place: Workspace, spoken: Callable[..., Forecast]) -> None:
    bars = daily([100.0] * 5 + [102.0] * 3)
    place.lake.write(bars)
    forecast = spoken(bars)
    late = at_time(place, forecast.matures_at + timedelta(minutes=14))
    assert mature(late, grace_minutes=15).outcomes == ()
    assert len(mature(late).outcomes) == 1
