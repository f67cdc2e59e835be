"""Bands and distributions against the closed forms of the normal (PRF-07)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.errors import DataError
from augury.core.metrics import intervals as i

Z80, Z95 = 1.2815515655446004, 1.959963984540054
N = 200_000


@pytest.fixture(scope="module")
def normal() -> np.ndarray:
    return np.random.default_rng(0).normal(size=N)


def test_true_quantiles_cover_what_they_say(normal: np.ndarray) -> None:
    for z, level in ((Z80, 0.80), (Z95, 0.95)):
        assert i.coverage(normal, np.full(N, -z), np.full(N, z)) == pytest.approx(level, abs=0.003)


def test_winkler_and_pinball_of_true_quantiles_equal_the_closed_forms(normal: np.ndarray) -> None:
    # E[winkler] = 2 phi(z) * 2 / (1 - level); E[pinball] = phi(z).
    density = np.exp(-(Z80**2) / 2) / np.sqrt(2 * np.pi)
    assert i.winkler(normal, np.full(N, -Z80), np.full(N, Z80), 0.80) == pytest.approx(20 * density, rel=0.01)
    assert i.pinball(normal, np.full(N, Z80), 0.90) == pytest.approx(density, rel=0.01)


def test_a_wider_and_a_narrower_band_both_cost_more_than_the_true_one(normal: np.ndarray) -> None:
    scores = {
        factor: i.winkler(normal, np.full(N, -factor * Z80), np.full(N, factor * Z80), 0.8) for factor in (0.7, 1, 1.4)
    }
    assert scores[1] < min(scores[0.7], scores[1.4])


def test_crps_of_a_normal_equals_the_closed_form_and_its_draws(normal: np.ndarray) -> None:
    few = normal[:2000]
    closed = i.crps_normal(few, np.zeros(2000), np.ones(2000))
    draws = np.random.default_rng(1).normal(size=(2000, 400))
    assert i.crps_normal(normal, np.zeros(N), np.ones(N)) == pytest.approx(1 / np.sqrt(np.pi), abs=0.003)
    assert i.crps_draws(few, draws) == pytest.approx(closed, abs=0.005)


def test_crps_of_one_draw_is_the_absolute_error() -> None:
    assert i.crps_draws(np.array([0.0, 1.0]), np.array([[2.0], [1.0]])) == 1.0


def test_crps_of_sorted_draws_equals_the_table_of_all_pairs() -> None:
    draws = np.random.default_rng(2).normal(size=(5, 7))
    y = np.zeros(5)
    pairs = np.abs(draws[:, :, None] - draws[:, None, :]).mean(axis=(1, 2))
    assert i.crps_draws(y, draws) == pytest.approx(float(np.mean(np.abs(draws).mean(axis=1) - pairs / 2)))


def test_pit_of_true_quantiles_is_uniform() -> None:
    from scipy import stats

    levels = np.linspace(0.01, 0.99, 99)
    y = np.random.default_rng(3).normal(size=4000)
    places = i.pit(y, np.tile(stats.norm.ppf(levels), (4000, 1)), levels)
    assert np.histogram(places, bins=10, range=(0, 1))[0] == pytest.approx(np.full(10, 400), abs=80)
    assert places.min() == 0.01
    assert places.max() == 0.99


@given(st.integers(1, 40), st.integers(0, 2**31 - 1), st.sampled_from([0.5, 0.8, 0.95]))
def test_scores_are_never_negative_and_winkler_never_below_the_width(n: int, seed: int, level: float) -> None:
    rng = np.random.default_rng(seed)
    y, low, gap = rng.normal(size=n), rng.normal(size=n), rng.random(n)
    assert i.winkler(y, low, low + gap, level) >= i.width(low, low + gap) - 1e-12
    assert i.pinball(y, low, level) >= 0
    assert 0 <= i.coverage(y, low, low + gap) <= 1


def test_a_level_of_0_or_1_is_refused() -> None:
    with pytest.raises(DataError, match="outside"):
        i.winkler(np.zeros(1), np.zeros(1), np.ones(1), 1.0)
    with pytest.raises(DataError, match="outside"):
        i.pinball(np.zeros(1), np.zeros(1), 0.0)
