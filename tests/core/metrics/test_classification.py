"""Scores of three-class answers: closed forms, ranges and what a constant earns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.errors import DataError
from augury.core.metrics import classification as c

CODES = st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=60)


def codes(values: list[int]) -> np.ndarray:
    return np.array(values, np.int8)


def test_a_constant_on_14_of_20_has_accuracy_070_f1_05765_and_the_balanced_accuracy_of_a_coin() -> None:
    y = codes([1] * 14 + [-1] * 6)
    constant = codes([1] * 20)
    assert c.accuracy(y, constant) == pytest.approx(0.70)
    assert c.precision_recall_f1(y, constant).f1 == pytest.approx(0.5765, abs=5e-5)
    assert c.balanced_accuracy(y, constant) == pytest.approx(0.5)


def test_confusion_counts_what_happened_in_rows_and_what_was_said_in_columns() -> None:
    table = c.confusion(codes([-1, -1, 0, 1, 1, 1]), codes([-1, 0, 0, 1, 1, -1]))
    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]


@given(CODES, st.integers(0, 2**31 - 1))
def test_accuracies_lie_in_the_unit_interval_and_are_1_for_the_truth(values: list[int], seed: int) -> None:
    y = codes(values)
    said = np.random.default_rng(seed).choice([-1, 0, 1], size=len(y)).astype(np.int8)
    for metric in (c.accuracy, c.balanced_accuracy):
        assert 0 <= metric(y, said) <= 1
        assert metric(y, y) == 1
    assert all(0 <= value <= 1 for value in c.precision_recall_f1(y, said))
    assert c.precision_recall_f1(y, said).recall == pytest.approx(c.accuracy(y, said))
    assert c.confusion(y, said).sum() == len(y)


def test_log_loss_and_brier_of_equal_shares_are_ln_3_and_two_thirds() -> None:
    y, equal = codes([-1, 0, 1]), np.full((3, 3), 1 / 3)
    assert c.log_loss(y, equal) == pytest.approx(math.log(3))
    assert c.brier(y, equal) == pytest.approx(2 / 3)


def test_certainty_costs_nothing_when_right_and_is_bounded_when_wrong() -> None:
    y = codes([-1, 0, 1])
    assert c.log_loss(y, np.eye(3)) == 0
    assert c.brier(y, np.eye(3)) == 0
    wrong = np.eye(3)[[1, 2, 0]]
    assert c.log_loss(y, wrong) == pytest.approx(-math.log(1e-15))
    assert c.brier(y, wrong) == 2


def test_honest_probabilities_beat_exaggerated_ones_in_log_loss_and_brier() -> None:
    rng = np.random.default_rng(0)
    honest = np.tile([0.2, 0.3, 0.5], (20_000, 1))
    y = rng.choice([-1, 0, 1], size=20_000, p=[0.2, 0.3, 0.5]).astype(np.int8)
    for power in (0.5, 2.0):
        other = honest**power / (honest**power).sum(axis=1, keepdims=True)
        assert c.log_loss(y, honest) < c.log_loss(y, other)
        assert c.brier(y, honest) < c.brier(y, other)


def test_direction_leaves_out_rows_that_did_not_move_and_scores_that_take_no_side() -> None:
    score = np.array([0.1, 0.1, -0.1, -0.1, 0.0, 0.5])
    returns = np.array([0.02, -0.02, -0.02, 0.0, 0.03, 0.0])
    assert c.direction(score, returns) == pytest.approx(2 / 3)
    assert math.isnan(c.direction(np.zeros(3), np.ones(3)))


@given(st.integers(0, 2**31 - 1))
def test_negated_scores_name_the_other_direction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score, returns = rng.normal(size=30), rng.normal(size=30)
    assert c.direction(score, returns) + c.direction(-score, returns) == pytest.approx(1)


@pytest.mark.parametrize("metric", [c.accuracy, c.balanced_accuracy, c.confusion, c.log_loss, c.brier, c.direction])
def test_arrays_of_different_length_and_no_rows_are_refused(metric) -> None:
    with pytest.raises(DataError, match="equal lengths"):
        metric(codes([1, 0]), codes([1]))
    with pytest.raises(DataError, match="at least 1"):
        metric(codes([]), codes([]))
