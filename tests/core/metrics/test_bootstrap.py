"""Intervals of dependent rows: coverage, determinism and the limits of few blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.errors import DataError
from augury.core.metrics.bootstrap import block_length, block_sums, bootstrap_difference, bootstrap_mean, percentiles


def overlapping(seed: int, n: int, horizon: int) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(size=n + horizon)
    return np.convolve(steps, np.ones(horizon), "valid")[:n]


def test_the_interval_of_overlapping_returns_holds_the_truth_about_as_often_as_it_says() -> None:
    def share(block: int) -> float:
        ends = [bootstrap_mean(overlapping(seed, 600, 5), block, resamples=300, seed=seed) for seed in range(200)]
        return float(np.mean([low <= 0 <= high for low, high in ends]))

    assert 0.89 <= share(block_length(600, 5)) <= 0.99
    assert share(1) < 0.75  # drawing single rows pretends that overlapping returns are independent


def test_a_paired_difference_is_narrower_than_two_separate_means() -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(size=800)
    a, b = common + 0.1 * rng.normal(size=800), common + 0.1 * rng.normal(size=800)
    low, high = bootstrap_difference(a, b, 10)
    alone = bootstrap_mean(a, 10)
    assert high - low < 0.3 * (alone[1] - alone[0])
    assert low < np.mean(a - b) < high


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = np.random.default_rng(1).normal(size=300)
    assert bootstrap_mean(values, 12) == bootstrap_mean(values, 12)
    assert bootstrap_mean(values, 12) != bootstrap_mean(values, 12, seed=1)


@given(st.integers(2, 60), st.integers(1, 60), st.integers(1, 3))
def test_every_resample_holds_n_rows_in_whole_blocks(n: int, block: int, columns: int) -> None:
    values = np.column_stack([np.ones(n)] * columns)
    if block > n:
        with pytest.raises(DataError, match="does not fit"):
            block_sums(values, block, resamples=5)
    else:
        assert block_sums(values, block, resamples=5) == pytest.approx(np.full((5, columns), n))


def test_every_row_is_drawn_equally_often_also_at_the_ends() -> None:
    sums = block_sums(np.eye(20), 7, resamples=20_000)
    assert sums.mean(axis=0) == pytest.approx(np.ones(20), abs=0.03)


def test_neighbours_stay_together() -> None:
    pairs = np.zeros((40, 2))
    pairs[10, 0] = pairs[11, 1] = 1
    drawn = block_sums(pairs, 20, resamples=4000)
    assert np.corrcoef(drawn.T)[0, 1] > 0.8


def test_few_blocks_widen_the_interval_and_two_give_none() -> None:
    draws = np.random.default_rng(2).normal(size=4000)
    widths = [np.ptp(percentiles(draws, 0.0, blocks) or (0, 0)) for blocks in (5, 20, 1e6)]
    assert widths[0] > widths[1] > widths[2]
    assert widths[2] == pytest.approx(2 * 1.96, rel=0.05)
    # Student's t of 4 degrees, times sqrt(5/4).
    assert widths[0] / widths[2] == pytest.approx(2.776 / 1.96 * np.sqrt(1.25), rel=0.02)
    assert percentiles(draws, 0.0, 2) is None


def test_values_that_are_not_finite_give_no_interval() -> None:
    with pytest.raises(DataError, match="finite"):
        bootstrap_mean(np.array([1.0, np.nan] * 20), 2)


def test_1000_resamples_of_1500_rows_look_up_blocks_and_never_rows() -> None:
    # 100 blocks a resample, not 1500 rows: the cost of the interval does not grow with the horizon.
    assert block_length(1500, 5) == 15
    sums = block_sums(np.ones((1500, 1)), 15)
    assert sums.shape == (1000, 1)
