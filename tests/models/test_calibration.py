"""An effect no larger than its own noise is not believed."""

import numpy as np
import pytest

from augury.core.metrics.classification import log_loss
from augury.models.ensemble.calibration import Centre, ProbabilityShrinkage, frequencies


def test_true_probabilities_are_kept_and_overconfident_ones_pulled_in():
    rng = np.random.default_rng(0)
    true = rng.dirichlet([1, 1, 1], 4000)
    codes = np.array([rng.choice(3, p=row) for row in true]) - 1
    assert ProbabilityShrinkage.fit(true, codes.astype(np.int8), 4000).keep == pytest.approx(1.0, abs=0.05)
    loud = true**3 / (true**3).sum(axis=1, keepdims=True)
    shrinkage = ProbabilityShrinkage.fit(loud, codes.astype(np.int8), 4000)
    assert 0.3 < shrinkage.keep < 0.95
    assert log_loss(codes.astype(np.int8), shrinkage.apply(loud)) < log_loss(codes.astype(np.int8), loud)


def test_noise_is_answered_with_the_class_frequencies():
    rng = np.random.default_rng(1)
    codes = rng.choice([-1, 0, 1], 1000, p=[0.2, 0.3, 0.5]).astype(np.int8)
    noise = rng.dirichlet([3, 3, 3], 1000)
    shrinkage = ProbabilityShrinkage.fit(noise, codes, 200.0)
    assert shrinkage.keep < 0.05
    assert shrinkage.apply(noise).mean(axis=0) == pytest.approx([0.2, 0.3, 0.5], abs=0.05)


def test_overlapping_rows_count_less_and_are_believed_less():
    rng = np.random.default_rng(2)
    score = rng.normal(size=1000)
    returns = 0.1 * score + rng.normal(size=1000)
    slopes = [Centre.fit(score, returns, 1000 / h).slope for h in (1, 5, 60)]
    assert slopes == sorted(slopes, reverse=True)
    assert slopes[0] == pytest.approx(0.1, abs=0.04)
    assert slopes[-1] < 0.05


def test_a_score_that_points_the_wrong_way_is_ignored_not_turned_around():
    rng = np.random.default_rng(3)
    score = rng.normal(size=500)
    assert Centre.fit(score, -score, 500).slope == 0.0
    assert Centre.fit(np.zeros(500), score, 500).slope == 0.0


def test_a_drift_within_its_noise_is_zero_and_a_clear_one_is_kept():
    returns = np.random.default_rng(4).normal(0.0, 1.0, 400)
    returns -= returns.mean()
    assert Centre.of_drift(returns + 0.01, 400).drift == 0.0
    assert Centre.of_drift(returns + 1.0, 400).drift == pytest.approx(1.0, rel=0.01)
    assert Centre.of_drift(np.full(10, 0.3), 10).drift == pytest.approx(0.3)


def test_a_class_never_seen_keeps_a_small_probability():
    assert frequencies(np.ones(97, np.int8)).tolist() == [0.01, 0.01, 0.98]


def test_both_survive_json_bit_for_bit():
    rng = np.random.default_rng(5)
    codes = rng.choice([-1, 0, 1], 99).astype(np.int8)
    shrinkage = ProbabilityShrinkage.fit(rng.dirichlet([1, 1, 1], 99), codes, 99)
    centre = Centre.fit(rng.normal(size=99), rng.normal(size=99), 99)
    assert ProbabilityShrinkage.from_json(shrinkage.to_json()) == shrinkage
    assert Centre.from_json(centre.to_json()) == centre
