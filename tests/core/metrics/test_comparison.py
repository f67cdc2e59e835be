"""Diebold-Mariano: size under the null, power, and the sign."""

from __future__ import annotations

import math

import numpy as np

from augury.core.metrics.comparison import diebold_mariano


def test_equal_forecasters_are_told_apart_in_about_5_percent_of_samples() -> None:
    rejected = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        steps = rng.normal(size=(2, 504))
        a, b = (np.convolve(row, np.ones(5), "valid")[:500] for row in steps)
        rejected += diebold_mariano(np.abs(a), np.abs(b), 5).p < 0.05
    assert 0.02 <= rejected / 300 <= 0.10


def test_the_smaller_loss_has_the_negative_statistic_and_swapping_turns_it() -> None:
    rng = np.random.default_rng(0)
    loss = rng.normal(size=500) ** 2
    worse = loss + 0.2 + 0.2 * rng.normal(size=500)
    result, turned = diebold_mariano(loss, worse, 1), diebold_mariano(worse, loss, 1)
    assert result.statistic < -5
    assert result.p < 1e-6
    assert turned.statistic == -result.statistic


def test_identical_losses_are_undefined_never_significant() -> None:
    loss = np.ones(50)
    assert all(math.isnan(value) for value in diebold_mariano(loss, loss, 5))


def test_fewer_than_ten_separate_outcomes_are_undefined() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 50))
    assert math.isnan(diebold_mariano(a, b, 6).p)
    assert 0 <= diebold_mariano(a, b, 5).p <= 1
