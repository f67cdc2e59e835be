"""Intervals in closed form, and how many rows count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.errors import DataError
from augury.core.metrics.uncertainty import effective_rows, fisher_interval, noise_floor, wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(14, 20, 48.1, 85.5), (9, 15, 35.7, 80.2), (55, 100, 45.2, 64.4)]
)
def test_wilson_equals_the_reference(hits: int, n: int, low: float, high: float) -> None:
    assert [round(100 * end, 1) for end in wilson(hits, n)] == [low, high]


@given(st.integers(1, 5000), st.floats(0, 1))
def test_wilson_holds_its_share_inside_the_unit_interval(n: int, share: float) -> None:
    low, high = wilson(share * n, n)
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1


def test_wilson_of_nothing_is_ignorance_and_of_a_non_share_is_refused() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(5, 5)[1] == 1.0
    with pytest.raises(DataError, match="not a share"):
        wilson(6, 5)


def test_fisher_covers_the_true_correlation_in_95_percent_of_samples() -> None:
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(400):
        x = rng.normal(size=100)
        y = 0.3 * x + np.sqrt(1 - 0.09) * rng.normal(size=100)
        low, high = fisher_interval(float(np.corrcoef(x, y)[0, 1]), 100) or (0, 0)
        inside += low <= 0.3 <= high
    assert 0.92 <= inside / 400 <= 0.98


@given(st.floats(-1, 1), st.floats(3.5, 1e5))
def test_fisher_is_odd_in_r_and_stays_inside(r: float, n: float) -> None:
    low, high = fisher_interval(r, n) or (0, 0)
    assert -1 <= low <= high <= 1
    assert fisher_interval(-r, n) == pytest.approx((-high, -low))


def test_fisher_needs_more_than_3_rows_and_a_correlation() -> None:
    assert fisher_interval(0.5, 3) is None
    with pytest.raises(DataError, match="not a correlation"):
        fisher_interval(1.1, 10)


def test_the_noise_floor_equals_the_reference_and_that_of_simulated_noise() -> None:
    assert [round(noise_floor(n, d), 4) for n, d in ((500, 250), (100, 250), (88, 419))] == [0.0028, 0.0064, 0.0052]
    from augury.core.metrics.ranking import ic_by_day

    rng = np.random.default_rng(1)
    days = np.repeat(np.arange(40), 30)
    means = [ic_by_day(rng.normal(size=1200), rng.normal(size=1200), days).mean() for _ in range(100)]
    assert np.std(means) == pytest.approx(noise_floor(30, 40), rel=0.2)
    with pytest.raises(DataError, match="2 names"):
        noise_floor(1, 250)


@pytest.mark.parametrize(("common", "expected"), [(0.0, 10.0), (0.5, 10 / 5.5), (0.999, 1.0)])
def test_symbols_that_move_together_count_as_fewer(common: float, expected: float) -> None:
    rng = np.random.default_rng(2)
    days = 2000
    moves = np.sqrt(common) * rng.normal(size=days) + np.sqrt(1 - common) * rng.normal(size=(10, days))
    dates, symbols = np.tile(np.arange(days), 10), np.repeat(np.arange(10), days)
    rows = effective_rows(moves.ravel(), dates, symbols, 4)
    assert rows == pytest.approx(days / 4 * expected, rel=0.1)


def test_the_level_of_a_symbol_does_not_look_like_moving_together() -> None:
    rng = np.random.default_rng(3)
    dates, symbols = np.tile(np.arange(500), 2), np.repeat([0, 1], 500)
    returns = rng.normal(size=1000) * np.repeat([0.01, 1.0], 500) + np.repeat([5.0, -5.0], 500)
    assert effective_rows(returns, dates, symbols, 1) > 900
