"""FEA-06: the row a forecast is made from is the row the model learned from, bit for bit."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from augury.core.clock import FixedClock
from augury.core.recipe import Recipe
from augury.core.tables import PAST_RETURN, VOLATILITY
from augury.core.timeframe import Timeframe
from augury.data.calendar import market_calendar
from augury.models.ensemble.ensemble import Ensemble
from augury.records.loader import LoadedEnsemble
from augury.runs.cells import Cell
from augury.runs.forecasting import _View, last_row
from augury.runs.jobs.train import label_cell
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
        view = _View.of(replace(workspace, clock=FixedClock(close)), CELL.symbol, Timeframe.D1)
        row = last_row(view, loaded).frame
        assert row["ts"][0] == table["ts"][cut]
        for name in columns:
            assert row[name].to_numpy().tobytes() == table[name][cut : cut + 1].to_numpy().tobytes(), (cut, name)
        assert row["label"].null_count() == 1
