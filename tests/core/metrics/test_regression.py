"""Scores of expected returns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.metrics.regression import bias, mae, r2, r2_vs_zero, rmse


@given(st.integers(1, 50), st.integers(0, 2**31 - 1))
def test_rmse_is_at_least_mae_and_mae_at_least_the_bias(n: int, seed: int) -> None:
    y, expected = np.random.default_rng(seed).normal(size=(2, n))
    assert rmse(y, expected) >= mae(y, expected) * (1 - 1e-12) >= 0
    assert mae(y, expected) >= abs(bias(y, expected)) * (1 - 1e-12)


def test_r2_is_1_for_the_truth_0_for_saying_nothing_and_negative_for_worse() -> None:
    y = np.array([0.01, -0.02, 0.03])
    assert r2_vs_zero(y, y) == 1
    assert r2_vs_zero(y, np.zeros(3)) == 0
    assert r2_vs_zero(y, -y) == pytest.approx(-3)


def test_the_mean_of_the_sample_earns_r2_because_nobody_knew_it() -> None:
    y = np.array([0.01, 0.02, 0.03])
    assert r2_vs_zero(y, np.full(3, y.mean())) > 0.8
    assert r2(y, np.full(3, y.mean())) == pytest.approx(0)


def test_r2_of_a_market_that_did_not_move_is_undefined() -> None:
    assert math.isnan(r2_vs_zero(np.zeros(3), np.ones(3)))
    assert math.isnan(r2(np.ones(3), np.zeros(3)))
