"""Fused positions come from what was stored and from the members of the very version that said it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from augury.core.errors import SchemaMismatch, UnknownName, UsageError
from augury.core.timeframe import Timeframe
from augury.models.ensemble.fusion import MODES, FusionSettings, fuse
from augury.models.ensemble.pooling import signed_score
from augury.models.signals.model import SignalModel
from augury.records.registry.loader import EnsembleLoader
from augury.runs.cells import plan_cells
from augury.runs.forecasts.forecasting import forecast
from augury.runs.forecasts.positions import fusion_settings, positions
from augury.runs.forecasts.view import View, last_row
from augury.runs.training import train


@pytest.fixture
def made(workspace, tiny):
    """One stored forecast that abstains or not, as its version earned it."""
    cells = plan_cells(["SYN001"], ["d1"], ["5d"])
    list(train(workspace, cells, tiny))
    (bundle,) = forecast(workspace, cells)
    return bundle.forecasts


def signals(horizon="5d", bars_ahead=5):
    return SignalModel(horizon, bars_ahead, Timeframe.D1, body_settings={"n_estimators": 10})


def test_every_mode_reads_the_stored_forecast_and_the_members_of_its_version(workspace, made):
    (row,) = made
    loaded = EnsembleLoader(workspace.store).load(row.symbol, row.timeframe, row.horizon, row.version)
    view = View.of(workspace, row.symbol, Timeframe.D1)
    said = loaded.ensemble.predict(last_row(view, loaded)).members["gb"]
    gbm = loaded.ensemble.centre.at(signed_score(said))
    parts = {"regressor": np.array([row.expected_return]), "gbm": gbm}
    for mode in MODES:
        (found,) = positions(workspace, made, FusionSettings(mode))
        wanted = fuse(FusionSettings(mode), classifier=np.array([row.probabilities]), returns=parts)
        assert found.fused == pytest.approx(float(wanted.positions[0]))
        assert (found.parts, found.fallback) == (wanted.parts, wanted.fallback)
        assert found.fallback == ("lstm missing: gbm alone" if mode in ("gbm_heavy", "balanced", "lstm_heavy") else "")


def test_a_forecast_that_abstains_moves_no_money(workspace, made):
    from dataclasses import replace

    settings = FusionSettings("classifier", buy_at=0.0, sell_at=0.0)
    silent = [replace(row, flags=tuple(sorted({*row.flags, "abstain"}))) for row in made]
    loud = [replace(row, flags=tuple(flag for flag in row.flags if flag != "abstain")) for row in made]
    (held,), (free,) = positions(workspace, silent, settings), positions(workspace, loud, settings)
    assert held.held == 0.0
    assert held.fused == free.fused == free.held != 0.0


def test_signals_take_the_place_of_the_probabilities_at_the_bar_of_the_forecast(workspace, made):
    (row,) = made
    bars = View.of(workspace, row.symbol, Timeframe.D1).bars
    learnt = signals()
    rows = learnt.rows(bars)
    learnt.fit(bars, rows, np.arange(len(rows.returns) - 20))
    (found,) = positions(workspace, made, FusionSettings("classifier"), learnt)
    said = learnt.latest(bars).select("p_sell", "p_hold", "p_buy").row(0)
    assert found.probabilities == pytest.approx(said)
    assert found.probabilities != pytest.approx(row.probabilities)
    assert bars.frame.select(pl.col("ts").max()).item() < row.data_until


def test_signals_of_another_horizon_are_refused(workspace, made):
    with pytest.raises(SchemaMismatch, match="the signals are of d1 20d, no forecast is"):
        positions(workspace, made, FusionSettings(), signals("20d", 20))


def test_settings_of_a_mode_are_numbers_it_has():
    assert fusion_settings("hybrid", {"buy_at": 0.5}).buy_at == 0.5
    for given in ({"buyat": 0.5}, {"scale": "wide"}, {"scale": True}, {"mode": 1}):
        with pytest.raises(UsageError, match="is not one of buy_at"):
            fusion_settings("hybrid", given)
    with pytest.raises(UnknownName, match="did you mean 'hybrid'"):
        fusion_settings("hybird", {})
