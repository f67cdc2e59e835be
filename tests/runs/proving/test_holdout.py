"""Training never sees sealed bars; an opening scores the champions once; BEY-03, BEY-04, H05, Q09."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from augury.core.errors import HoldoutSealed, InsufficientHistory, LeakError, NotFound
from augury.core.recipe import Recipe
from augury.core.timeframe import Timeframe
from augury.runs.cells import Cell
from augury.runs.intake import bars_of
from augury.runs.jobs.train import train_cell
from augury.runs.proving.holdout import open_holdout
from augury.runs.proving.sealed import guard_of, unsealed
from augury.runs.proving.validation import revalidate
from augury.runs.training import train
from augury.runs.workspace import Workspace

CELL = Cell("SYN001", "d1", "5d")
D1 = Timeframe.D1


@pytest.fixture
def sealed_from(workspace: Workspace) -> datetime:
    """Seal the last 120 bars of SYN001."""
    moment: datetime = bars_of(workspace.lake, "SYN001", D1).frame["ts"][-120]
    workspace.store.holdout.seal("d1/SYN001", moment, by="test")
    return moment


def test_a_training_sees_no_sealed_bar_and_no_label_that_reaches_into_the_holdout(
    workspace: Workspace, tiny: Recipe, sealed_from: datetime
) -> None:
    (outcome,) = train(workspace, [CELL], tiny)
    assert outcome.manifest is not None
    assert datetime.fromisoformat(outcome.manifest.data_last) < sealed_from
    assert datetime.fromisoformat(outcome.manifest.slices["valid"].last) < sealed_from - timedelta(days=5)
    (judged,) = revalidate(workspace, symbols=["SYN001"], timeframe=None)
    assert judged.reproduced


def test_bars_handed_in_past_the_cut_are_stopped_by_the_guard(
    workspace: Workspace, tiny: Recipe, sealed_from: datetime
) -> None:
    bars = bars_of(workspace.lake, "SYN001", D1)
    guard = guard_of(workspace.store, "SYN001", D1)
    with pytest.raises(HoldoutSealed, match="report asked for"):
        train_cell(bars, CELL, tiny, guard)
    early = guard.widened(timedelta(days=500))
    with pytest.raises(HoldoutSealed, match="fit asked for"):
        train_cell(bars, CELL, tiny, early)
    assert train_cell(unsealed(bars, guard), CELL, tiny, guard).manifest.data_last < sealed_from.isoformat()


def test_days_sealed_as_daily_bars_are_sealed_as_weekly_and_intraday_bars_too(
    workspace: Workspace, sealed_from: datetime
) -> None:
    assert guard_of(workspace.store, "SYN001", Timeframe.W1).sealed_from == sealed_from - timedelta(days=6)
    hours = guard_of(workspace.store, "SYN001", Timeframe.H4).sealed_from
    assert hours is not None
    assert sealed_from - timedelta(hours=4) < hours < sealed_from
    assert guard_of(workspace.store, "SYN002", D1).sealed_from is None


def test_an_opening_scores_the_champion_on_sealed_rows_only_and_is_counted(
    workspace: Workspace, tiny: Recipe, sealed_from: datetime
) -> None:
    list(train(workspace, [CELL], tiny))
    seal, (one,) = open_holdout(workspace, "SYN001", D1, "final report", by="test")
    assert seal.text == "opened 1x"
    assert {score.n for score in one.scores if score.name == "accuracy"} == {115}  # 120 bars less 5 without outcome
    again, _ = open_holdout(workspace, "SYN001", D1, "once more", by="test")
    assert again.text == "burned 2x"


def test_a_champion_that_has_seen_the_holdout_is_refused_before_anything_is_burned(
    workspace: Workspace, tiny: Recipe
) -> None:
    list(train(workspace, [CELL], tiny))
    moment = bars_of(workspace.lake, "SYN001", D1).frame["ts"][-120]
    workspace.store.holdout.seal("d1/SYN001", moment, by="test")
    with pytest.raises(LeakError, match="never scored on its own training window"):
        open_holdout(workspace, "SYN001", D1, "final report", by="test")
    assert workspace.store.holdout.status()[0].openings == 0


def test_nothing_sealed_no_outcome_yet_and_nothing_left_are_named(workspace: Workspace, tiny: Recipe) -> None:
    with pytest.raises(NotFound, match="nothing of d1/SYN001 is sealed"):
        open_holdout(workspace, "SYN001", D1, "final report", by="test")
    bars = bars_of(workspace.lake, "SYN001", D1)
    workspace.store.holdout.seal("d1/SYN001", bars.frame["ts"][-3], by="test")
    list(train(workspace, [CELL], tiny))
    with pytest.raises(InsufficientHistory, match="has its outcome yet"):
        open_holdout(workspace, "SYN001", D1, "final report", by="test")
    workspace.store.holdout.seal("d1/SYN001", datetime(1900, 1, 1, tzinfo=UTC), by="test")
    with pytest.raises(InsufficientHistory, match="lie in the holdout sealed from 1900-01-01"):
        unsealed(bars, guard_of(workspace.store, "SYN001", D1))
    assert workspace.store.holdout.status()[0].openings == 0


def test_every_trained_configuration_is_one_trial_and_its_coefficient_is_deflated(
    workspace: Workspace, tiny: Recipe
) -> None:
    counts, told = [], []
    for recipe in (tiny, tiny, tiny.replace(seed=7), tiny.replace(seed=8)):
        (outcome,) = train(workspace, [CELL], recipe)
        counts.append(workspace.store.trials.count("d1/SYN001"))
        assert outcome.deflated is not None
        told.append((outcome.deflated.trials, outcome.deflated.pbo is None))
    assert counts == [1, 1, 2, 3]
    assert told == [(1, True), (1, True), (2, False), (3, False)]
    newest = workspace.store.trials.list("d1/SYN001")[0]
    assert newest.series is not None
    assert newest.value == pytest.approx(newest.series.mean())
    assert newest.settings["recipe"]["seed"] == 8
