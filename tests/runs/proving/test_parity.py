"""FEA-06, BEY-02, S01: what is served is what the model learned from and what the bars say, bit for bit."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.errors import NotTrained, UsageError
from augury.core.manifest import FeatureManifest
from augury.core.recipe import Recipe
from augury.core.tables import PAST_RETURN, VOLATILITY, FeatureTable
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.features.cache import FeatureCache, Refresh
from augury.features.engine import build
from augury.models.ensemble.ensemble import Ensemble
from augury.records.registry.loader import LoadedEnsemble
from augury.runs.cells import Cell
from augury.runs.forecasts.forecasting import forecast
from augury.runs.forecasts.view import View, last_row
from augury.runs.jobs.train import label_cell
from augury.runs.proving.parity import parity
from augury.runs.training import train
from augury.runs.workspace import Workspace

CELL = Cell("SYN001", "d1", "5d")
CUTS = 60


def test_the_features_of_a_forecast_equal_the_training_row_at_sixty_random_cuts(
    workspace: Workspace, tiny: Recipe
) -> None:
    """The clock is set to the close of a bar, so that the forecast sees a history that ends there."""
    (outcome,) = train(workspace, [CELL], tiny)
    assert outcome.manifest is not None
    loaded = LoadedEnsemble(cast("Ensemble", None), outcome.manifest)
    bars = workspace.lake.read([CELL.symbol], Timeframe.D1)
    table = label_cell(bars, CELL, tiny).frame
    columns = [*outcome.manifest.features.names, PAST_RETURN, VOLATILITY]
    complete = table.drop_nulls(columns).height
    cuts = np.random.default_rng(6).choice(np.arange(table.height - complete, table.height), CUTS, replace=False)
    for cut in sorted(int(at) for at in cuts):
        close = Timeframe.D1.closes_at(table["ts"][cut], market_calendar(bars.calendar))
        view = View.of(replace(workspace, clock=FixedClock(close)), CELL.symbol, Timeframe.D1)
        row = last_row(view, loaded).frame
        assert row["ts"][0] == table["ts"][cut]
        for name in columns:
            assert row[name].to_numpy().tobytes() == table[name][cut : cut + 1].to_numpy().tobytes(), (cut, name)
        assert row["label"].null_count() == 1


CELLS = [Cell("SYN001", "d1", horizon) for horizon in ("5d", "8d", "10d", "12d", "15d")]


@pytest.fixture
def served(workspace: Workspace, tiny: Recipe) -> Workspace:
    """Five horizons trained, and forecast twice: together, and the second one alone at an earlier close."""
    assert all(outcome.error is None for outcome in train(workspace, CELLS, tiny))
    bars = workspace.lake.read([CELL.symbol], Timeframe.D1)
    forecast(workspace, CELLS)
    earlier = Timeframe.D1.closes_at(bars.frame["ts"][-30], market_calendar(bars.calendar))
    forecast(replace(workspace, clock=FixedClock(earlier)), CELLS[1:2], allow_stale=True)
    return workspace


def one_line_changed(bars: Bars, features: str | FeatureManifest) -> FeatureTable:
    """The online path with one line changed: momentum is off in its last bit."""
    table = build(bars, features)
    off = pl.col("momentum_5d").map_batches(lambda values: pl.Series(np.nextafter(values.to_numpy(), np.float32(9))))
    return replace(table, frame=table.frame.with_columns(off))


def test_two_hundred_served_rows_equal_the_batch_bit_for_bit(served: Workspace) -> None:
    report = parity(served, n=200)
    assert report.differences == []
    assert report.skipped == []
    assert report.ledger == 6
    assert report.ledger + report.replayed >= 200
    assert report.cached >= 38
    assert report.values > 200 * 20


def test_a_formula_changed_on_the_online_path_alone_is_named(
    served: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("augury.runs.forecasts.view.build", one_line_changed)
    report = parity(served, n=9)
    features = [found for found in report.differences if found.column == "momentum_5d"]
    assert {found.source for found in features} == {*(f"ledger {at}" for at in range(1, 7)), "replay"}
    first = features[0]
    assert first.served != first.recomputed
    assert "momentum_5d of 20" in str(first)
    assert {found.column for found in report.differences if found.source.startswith("ledger")} == {"momentum_5d"}


def test_a_row_that_was_served_otherwise_than_the_batch_says_is_named(
    served: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A band that was widened by mistake, long ago: the ledger keeps what was said."""

    def wider(ladders: list[dict[str, float]]) -> list[dict[str, float]]:
        return [{**ladder, "q975": ladder["q975"] + 1e-9} for ladder in ladders]

    bars = served.lake.read([CELL.symbol], Timeframe.D1)
    then = Timeframe.D1.closes_at(bars.frame["ts"][-10], market_calendar(bars.calendar))
    from augury.runs.forecasts import forecasting

    with monkeypatch.context() as patch:
        patch.setattr(forecasting, "widen_by_horizon", wider)
        forecast(replace(served, clock=FixedClock(then)), [CELL], allow_stale=True)
    report = parity(served, n=1)
    assert [(found.source, found.column) for found in report.differences] == [("ledger 7", "q975")]


def test_a_cache_that_extends_wrongly_is_named(served: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    right = FeatureCache.extend

    def stale(cache: FeatureCache, bars: Bars) -> Refresh:
        made = right(cache, bars)
        frame = made.table.frame.with_columns(pl.lit(0.5, pl.Float32).alias("rsi"))
        return replace(made, table=replace(made.table, frame=frame))

    monkeypatch.setattr(FeatureCache, "extend", stale)
    report = parity(served, n=9)
    assert {(found.source, found.column) for found in report.differences} == {("cache", "rsi")}


def test_rows_made_from_bars_that_were_revised_are_not_compared_and_it_is_said(served: Workspace) -> None:
    bars = served.lake.read([CELL.symbol], Timeframe.D1)
    revised = bars.frame.with_columns(volume=pl.col("volume") + 1)
    served.lake.write(bars.with_frame(revised))
    report = parity(served, n=6)
    assert report.ledger == 0
    assert len(report.skipped) == 6
    assert "the lake holds" in report.skipped[0]


def test_parity_writes_nothing(served: Workspace) -> None:
    before = served.store.ledger.list()
    parity(served, n=4)
    assert served.store.ledger.list() == before


def test_nothing_served_and_no_champion_is_said(workspace: Workspace) -> None:
    with pytest.raises(NotTrained, match="no trained model"):
        parity(workspace)
    with pytest.raises(UsageError, match="n=0"):
        parity(workspace, n=0)
