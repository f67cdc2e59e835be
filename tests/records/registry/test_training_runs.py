"""A row for every attempt, the failed ones too."""

from __future__ import annotations

import pytest

from augury.core.errors import StoreError, UnknownName
from augury.records.registry.training_runs import TrainingRun


def test_a_success_and_a_failure_are_both_remembered(store, make):
    good = TrainingRun(
        *("^GSPC", "d1", "5d", make.now, "succeeded", 1.5),
        version="20261121T105800Z-abcdef",
        settings={"folds": 5},
        n_training_samples=415,
        n_validation_samples=180,
        ensemble_validation_accuracy=0.52,
        weights={"rf": 0.5, "gb": 0.5},
    )
    bad = TrainingRun("A_B", "w1", None, make.now, "failed", 0.1, error_message="104 bars, needs 105")
    assert store.training_runs.add(bad) < store.training_runs.add(good)
    assert store.training_runs.list() == [good, bad]
    assert store.training_runs.list("A_B", "w1") == [bad]
    assert store.training_runs.list(timeframe="h1") == []


def test_a_failure_needs_a_reason_and_a_status_is_one_of_three(store, make):
    with pytest.raises(StoreError, match="ck_training_runs_reason"):
        store.training_runs.add(TrainingRun("A", "d1", "5d", make.now, "failed", 0.1))
    with pytest.raises(UnknownName, match="known: succeeded, failed, interrupted"):
        store.training_runs.add(TrainingRun("A", "d1", "5d", make.now, "done", 0.1))
    assert store.training_runs.list() == []
