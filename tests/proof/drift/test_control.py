from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from augury.core.errors import DataError
from augury.proof.drift.control import binomial_p, cusum, cusum_limit, cusum_steps, rejected


@pytest.mark.parametrize(("n", "hits"), [(20, 3), (40, 11), (60, 20), (100, 39), (200, 87)])
def test_the_hits_that_reject_at_one_in_a_thousand_are_those_of_the_table(n: int, hits: int) -> None:
    assert binomial_p(hits, n, 0.55) <= 0.001 < binomial_p(hits + 1, n, 0.55)


def test_the_binomial_is_exact_and_rounds_parts_of_outcomes_against_an_alarm() -> None:
    assert binomial_p(30, 60, 0.55) == pytest.approx(binom.cdf(30, 60, 0.55), rel=1e-12)
    assert binomial_p(11.2, 40.9, 0.55) == binomial_p(12, 40, 0.55)
    assert binomial_p(0.1 * 120, 40.0, 0.55) == binomial_p(12, 40, 0.55)
    assert binomial_p(0.2, 0.5, 0.55) == 1.0


def test_the_steps_of_the_cusum_are_the_stated_ones() -> None:
    miss, hit = cusum_steps(np.array([0.55]), 0.15)
    assert (round(float(miss[0]), 4), round(float(hit[0]), 4)) == (0.2877, -0.3185)


def test_the_cusum_is_the_recursion_that_starts_again_at_zero() -> None:
    rng = np.random.default_rng(3)
    hits, weights = rng.random(300) < 0.5, rng.choice([1.0, 0.2], 300)
    miss, hit = cusum_steps(np.array([0.55]), 0.15)
    s = 0.0
    for right, weight in zip(hits, weights, strict=True):
        s = max(0.0, s + weight * float(hit[0] if right else miss[0]))
    assert cusum(hits, weights, np.full(300, 0.55), 0.15) == pytest.approx(s, abs=1e-9)


@pytest.mark.parametrize("baseline", [0.0, 0.1, 0.15])
def test_a_baseline_that_cannot_fall_so_far_is_never_alarmed(baseline: float) -> None:
    assert cusum(np.zeros(500, bool), np.ones(500), np.full(500, baseline), 0.15) == 0.0


def test_a_perfect_baseline_is_not_alarmed_by_one_miss() -> None:
    assert math.isfinite(cusum(np.zeros(1, bool), np.ones(1), np.ones(1), 0.15))
    assert cusum(np.zeros(1, bool), np.ones(1), np.ones(1), 0.15) < cusum_limit(1)


def test_no_outcome_is_no_evidence_and_columns_that_do_not_match_are_refused() -> None:
    nothing = np.array([])
    assert cusum(nothing.astype(bool), nothing, nothing, 0.15) == 0.0
    with pytest.raises(DataError, match="2 outcomes, 1 weights"):
        cusum(np.zeros(2, bool), np.ones(1), np.ones(2), 0.15)


def test_more_cells_raise_the_limit_and_few_keep_the_stated_one() -> None:
    assert cusum_limit(1) == cusum_limit(10) == 6.0
    assert cusum_limit(48) == 7.4
    assert cusum_limit(96) == pytest.approx(7.4 + math.log(2))


def test_the_cells_are_taken_from_the_clearest_down_and_a_window_must_reject_too() -> None:
    quiet = [0.0] * 46
    assert rejected([7.5, 7.39, *quiet], [1e-3, 1e-3, *[0.5] * 46])[:2] == [True, True]
    assert rejected([7.3, 7.39, *quiet], [1e-3, 1e-3, *[0.5] * 46])[:2] == [False, False]
    assert rejected([20.0], [0.011]) == [False]
    assert rejected([], []) == []
