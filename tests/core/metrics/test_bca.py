"""Intervals of a Sharpe ratio and a drawdown."""

from __future__ import annotations

import numpy as np
import pytest

from augury.core.errors import DataError
from augury.core.metrics.bca import bca, block_rows, drawdown_interval, sharpe_interval
from augury.core.metrics.performance import max_drawdown


def test_rows_are_whole_blocks_of_the_circle_and_the_same_for_the_same_seed() -> None:
    rows = block_rows(20, 7, resamples=50)
    assert rows.shape == (50, 20)
    steps = (np.diff(rows[:, :14], axis=1) % 20)[:, [k for k in range(13) if k != 6]]
    assert (steps == 1).all()
    assert (rows == block_rows(20, 7, resamples=50)).all()
    assert np.bincount(block_rows(20, 7, resamples=5000).ravel()) == pytest.approx(np.full(20, 5000), rel=0.07)
    with pytest.raises(DataError, match="does not fit"):
        block_rows(5, 6)


def test_the_interval_of_a_sharpe_ratio_holds_the_truth_about_as_often_as_it_says() -> None:
    truth = 0.05 * np.sqrt(252)
    rng = np.random.default_rng(3)
    held = []
    for seed in range(100):
        ends = sharpe_interval(0.05 + rng.normal(size=500), 8, resamples=400, seed=seed)
        assert ends is not None
        held.append(ends[0] <= truth <= ends[1])
    assert 0.88 <= np.mean(held) <= 0.99


def test_bca_moves_the_interval_where_the_statistic_is_skewed() -> None:
    rng = np.random.default_rng(0)
    sample = rng.exponential(size=40)
    draws = sample[rng.integers(0, 40, size=(4000, 40))].mean(axis=1)
    jackknife = (sample.sum() - sample) / 39
    plain = np.quantile(draws, [0.025, 0.975])
    moved = bca(draws, float(sample.mean()), jackknife)
    assert moved is not None
    assert moved[0] > plain[0]
    assert moved[1] > plain[1]


def test_bca_agrees_with_scipy() -> None:
    from scipy import stats

    sample = np.random.default_rng(5).exponential(size=60)
    found = sharpe_interval(sample, 1, periods_per_year=1.0, resamples=4000)
    theirs = stats.bootstrap(
        (sample,), lambda x, axis: x.mean(axis=axis) / x.std(axis=axis, ddof=1), n_resamples=4000, vectorized=True,
        rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    assert found == pytest.approx((theirs.low, theirs.high), abs=0.04)


def test_the_interval_of_a_drawdown_holds_what_other_orders_of_the_same_days_give() -> None:
    rng = np.random.default_rng(0)
    returns = 0.0005 + 0.01 * rng.normal(size=800)
    ends = drawdown_interval(returns, 9)
    assert ends is not None
    assert -1 < ends[0] < ends[1] < 0
    shuffled = [max_drawdown(rng.permutation(returns)) for _ in range(300)]
    assert np.mean([ends[0] <= value <= ends[1] for value in shuffled]) > 0.5


def test_a_series_that_never_fell_has_a_drawdown_of_0_for_certain() -> None:
    assert drawdown_interval(np.full(100, 0.01), 5) == (0.0, 0.0)


def test_too_few_blocks_or_one_sided_draws_give_no_interval() -> None:
    assert sharpe_interval(np.random.default_rng(0).normal(size=40), 10) is None
    assert bca(np.ones(100), 0.0, np.arange(10.0)) is None
