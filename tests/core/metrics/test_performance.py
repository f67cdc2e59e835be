"""Performance metrics against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from augury.core.errors import DataError
from augury.core.metrics import performance as perf

RETURNS = np.array([0.02, -0.01, 0.03, -0.04, 0.01])
BENCHMARK = np.array([0.01, -0.02, 0.02, -0.02, 0.0])


def test_sharpe_is_mean_over_sample_sd_times_the_root_of_the_stated_factor():
    expected = RETURNS.mean() / RETURNS.std(ddof=1)
    assert perf.sharpe(RETURNS, 252) == pytest.approx(expected * math.sqrt(252))
    assert perf.sharpe(RETURNS, 52) == pytest.approx(expected * math.sqrt(52))
    assert perf.sharpe(RETURNS, 252, risk_free=RETURNS.mean()) == pytest.approx(0)


def test_a_series_that_never_varies_has_no_sharpe():
    assert math.isnan(perf.sharpe(np.full(10, 0.001), 252))
    assert math.isnan(perf.sortino(np.full(10, 0.001), 252))
    assert math.isnan(perf.calmar(np.full(10, 0.001), 252))
    assert perf.sharpe_intervals(np.zeros((100, 1)), 252) == [None]


def test_negating_returns_negates_the_sharpe():
    assert perf.sharpe(-RETURNS, 252) == pytest.approx(-perf.sharpe(RETURNS, 252))


def test_daily_and_yearly_figures_agree_for_a_constant_return():
    assert perf.annual_return(np.full(504, 0.001), 252) == pytest.approx(1.001**252 - 1)
    assert perf.annual_return(np.array([-1.0, 0.5]), 252) == -1.0


def test_drawdown_counts_from_the_first_penny():
    assert perf.max_drawdown(np.array([-0.2, 0.1])) == pytest.approx(-0.2)
    assert perf.max_drawdown(np.array([0.1, 0.1])) == 0.0
    assert perf.calmar(RETURNS, 252) == pytest.approx(perf.annual_return(RETURNS, 252) / 0.04)


def test_sortino_knows_only_what_fell_short():
    below = math.sqrt((0.01**2 + 0.04**2) / 5)
    assert perf.sortino(RETURNS, 252) == pytest.approx(RETURNS.mean() / below * math.sqrt(252))


def test_beta_and_alpha_are_those_of_the_least_squares_line():
    slope, intercept = np.polyfit(BENCHMARK, RETURNS, 1)
    assert perf.beta(RETURNS, BENCHMARK) == pytest.approx(slope)
    assert perf.alpha(RETURNS, BENCHMARK, 252) == pytest.approx(intercept * 252)
    assert math.isnan(perf.beta(RETURNS, np.zeros(5)))


def test_the_interval_of_a_sharpe_holds_the_truth_at_its_level():
    rng = np.random.default_rng(4)
    truth = 0.05 * math.sqrt(252)
    draws = rng.normal(0.0005, 0.01, (400, 120))
    ends = perf.sharpe_intervals(draws, 252, resamples=300)
    held = sum(low <= truth <= high for low, high in ends)
    assert 0.90 <= held / 120 <= 1.0


def test_the_same_days_are_drawn_for_every_series():
    x = np.random.default_rng(0).normal(0.001, 0.01, 500)
    first, second = perf.sharpe_intervals(np.column_stack([x, x]), 252)
    assert first == second


def test_turnover_and_exposure_count_both_sides():
    assert perf.turnover(np.array([100.0, 100.0]), np.array([100.0, 50.0])).tolist() == [1.0, 2.0]
    assert perf.exposure(np.array([60.0]), np.array([40.0]), np.array([100.0])) == pytest.approx((1.0, 0.2))
    with pytest.raises(DataError, match="above 0"):
        perf.turnover(np.ones(1), np.zeros(1))


def test_unequal_lengths_are_refused():
    with pytest.raises(DataError):
        perf.information_ratio(RETURNS, BENCHMARK[:3], 252)
