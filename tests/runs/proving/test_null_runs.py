"""Q02 on a whole pipeline: the members of a recipe find nothing in null data, and a leaking feature does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.recipe import Recipe
from augury.core.tables import FeatureTable, LabelledTable
from augury.core.timeframe import Timeframe
from augury.features.engine import build
from augury.runs.cells import Cell
from augury.runs.proving.null_runs import null_gates_of, small
from augury.runs.workspace import Workspace

CELL = Cell("SYN001", "d1", "5d")


def test_the_pipeline_finds_nothing_in_three_kinds_of_nothing(workspace: Workspace, tiny: Recipe) -> None:
    found = null_gates_of(workspace.lake.read(["SYN001"], Timeframe.D1), CELL, tiny)
    assert [gate.code for gate in found] == ["NULL_SHUFFLED_TARGET", "NULL_NOISE_FEATURES", "NULL_RANDOM_WALK"]
    assert all(gate.passed and gate.effect == "refuse" for gate in found), [gate.message for gate in found]


def test_a_feature_that_looks_one_week_ahead_is_refused_on_the_random_walk(
    workspace: Workspace, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looking_ahead(bars: Bars, features: str) -> FeatureTable:
        table = build(bars, features)
        ahead = (bars.frame["close"].shift(-5) / bars.frame["close"] - 1).cast(pl.Float32).fill_nan(None)
        known = pl.Series("momentum_5d", ahead.to_numpy().copy())
        return replace(table, frame=table.frame.with_columns(known.fill_nan(0.0)))

    monkeypatch.setattr("augury.runs.jobs.train.build", looking_ahead)
    found = {gate.code: gate for gate in null_gates_of(workspace.lake.read(["SYN001"], Timeframe.D1), CELL, tiny)}
    assert not found["NULL_RANDOM_WALK"].passed
    assert found["NULL_SHUFFLED_TARGET"].passed


def test_a_pipeline_that_is_scored_on_its_own_rows_is_refused(
    workspace: Workspace, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    from augury.labels.splits import time_ordered
    from augury.runs.proving import null_runs

    def overlapping(table: LabelledTable, fraction: float) -> object:
        split = time_ordered(table, fraction)
        return replace(split, valid=split.train)

    monkeypatch.setattr(null_runs, "time_ordered", overlapping)
    deep = tiny.replace(members={"gb": {"n_estimators": 40, "max_depth": 7}})
    found = null_gates_of(workspace.lake.read(["SYN001"], Timeframe.D1), CELL, deep)
    assert not any(gate.passed for gate in found)


def test_the_small_recipe_keeps_every_member_and_its_settings() -> None:
    recipe = Recipe(members={"rf": {"max_depth": 3}, "logreg": {"C": 1.0}, "gb": {"n_estimators": 9}}, folds=5)
    made = small(recipe)
    assert made.members == {"rf": {"max_depth": 3, "n_estimators": 40}, "logreg": {"C": 1.0}, "gb": {"n_estimators": 9}}
    assert (made.folds, made.max_bars, made.weights, made.seed) == (2, 1500, recipe.weights, recipe.seed)
    assert np.isfinite(made.max_bars)
