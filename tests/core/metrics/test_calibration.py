"""Reliability: bins, intervals and the one-number summary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.core.metrics.calibration import ReliabilityBin, ece, reliability


def answers(confidence: np.ndarray) -> np.ndarray:
    """Top class BULLISH with the given probability, the rest shared."""
    return np.column_stack([(1 - confidence) / 2, (1 - confidence) / 2, confidence])


def test_ece_of_ten_equal_bins_is_the_weighted_distance() -> None:
    confidence = np.array([0.55] * 4 + [0.95] * 4)
    y = np.array([1, 1, -1, -1, 1, 1, 1, -1], np.int8)
    assert ece(y, answers(confidence)) == pytest.approx(0.5 * 0.05 + 0.5 * 0.20)


def test_the_table_names_its_rows_and_their_wilson_interval() -> None:
    (only,) = reliability(np.array([1] * 14 + [-1] * 6, np.int8), answers(np.full(20, 0.65)))
    assert (only.low, only.high, only.n) == (0.6, 0.7, 20)
    assert (only.accuracy_low, only.accuracy_high) == pytest.approx((0.481, 0.855), abs=5e-4)
    assert ReliabilityBin.from_json(only.to_json()) == only


def test_certainty_falls_into_the_last_bin() -> None:
    (only,) = reliability(np.array([1, 1], np.int8), answers(np.ones(2)))
    assert (only.low, only.high, only.confidence, only.accuracy) == (0.9, 1.0, 1.0, 1.0)


def test_calibrated_answers_lie_near_the_diagonal() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.4, 0.95, size=20_000)
    proba = answers(confidence)
    y = np.where(rng.random(20_000) < confidence, 1, -1).astype(np.int8)
    assert ece(y, proba) < 0.02
    assert all(b.accuracy_low - 0.02 < b.confidence < b.accuracy_high + 0.02 for b in reliability(y, proba))


@given(st.integers(1, 80), st.integers(0, 2**31 - 1))
def test_every_row_lies_in_one_bin_and_every_mean_inside_its_bin(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    proba, y = rng.dirichlet(np.ones(3), size=n), rng.choice([-1, 0, 1], size=n).astype(np.int8)
    table = reliability(y, proba)
    assert sum(b.n for b in table) == n
    assert all(b.low - 1e-9 <= b.confidence <= b.high + 1e-9 for b in table)
    assert 0 <= ece(y, proba) <= 1
