"""The best of many, deflated: references of PSR, SR0, DSR and PBO; PRF-04, Q05, BEY-03."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augury.core.errors import DataError
from augury.core.metrics.selection import (
    best_sharpe_of_noise,
    deflated_sharpe,
    expected_best,
    moments,
    overfitting,
    probabilistic_sharpe,
    sharpes,
)

YEAR = 1 / math.sqrt(252)


@pytest.mark.parametrize(("trials", "annual"), [(10, 0.707), (100, 1.136), (200, 1.242), (1000, 1.462)])
def test_the_best_of_noise_is_the_reference(trials: int, annual: float) -> None:
    assert best_sharpe_of_noise(trials, 1 / 1250) / YEAR == pytest.approx(annual, abs=5e-4)


@pytest.mark.parametrize(
    ("moments_and_benchmark", "reference"),
    [
        ({}, 0.98693),
        ({"skew": -1.0, "kurtosis": 6.0}, 0.98439),
        ({"benchmark": best_sharpe_of_noise(100, 1 / 1250)}, 0.38094),
    ],
)
def test_psr_and_dsr_of_a_yearly_sharpe_of_1_over_1250_days_are_the_references(
    moments_and_benchmark: dict[str, float], reference: float
) -> None:
    assert probabilistic_sharpe(YEAR, 1250, **moments_and_benchmark) == pytest.approx(reference, abs=1e-5)


def test_the_formula_for_the_best_of_noise_agrees_with_drawing_it() -> None:
    rng = np.random.default_rng(0)
    for trials in (5, 30, 200):
        drawn = rng.normal(size=(20_000 // trials * 5, trials)).max(axis=1).mean()
        assert expected_best(trials) == pytest.approx(drawn, abs=0.07)


def test_200_trials_without_skill_look_good_and_dsr_refuses_the_best_of_them() -> None:
    """750 days: best raw Sharpe near 1.57, its DSR near 0.48, PBO near one half; 100 repeats."""
    rng = np.random.default_rng(7)
    raw, dsr, pbo, undeflated = [], [], [], []
    for _ in range(100):
        table = rng.normal(size=(750, 200))
        found = sharpes(table)
        best = table[:, int(found.argmax())]
        raw.append(found.max() / YEAR)
        dsr.append(deflated_sharpe(best, 200, float(found.var(ddof=1))))
        undeflated.append(deflated_sharpe(best, 1))
        pbo.append(overfitting(table).pbo)
    assert np.mean(raw) == pytest.approx(1.57, abs=0.06)
    assert np.mean(dsr) == pytest.approx(0.48, abs=0.05)
    assert sum(value < 0.95 for value in dsr) >= 95
    assert 0.4 < np.mean(pbo) < 0.6
    # Without counting the trials the same series pass: the count is what refuses them.
    assert sum(value > 0.95 for value in undeflated) >= 95


def test_a_planted_signal_among_200_trials_is_believed() -> None:
    rng = np.random.default_rng(1)
    table = rng.normal(size=(750, 200))
    table[:, 17] += 4 * YEAR
    found = sharpes(table)
    assert int(found.argmax()) == 17
    assert deflated_sharpe(table[:, 17], 200, float(found.var(ddof=1))) > 0.95
    assert overfitting(table).pbo < 0.05


def plain_pbo(table: np.ndarray, blocks: int) -> float:
    """The definition, split by split."""
    parts = np.array_split(np.arange(len(table)), blocks)
    low = []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[k] for k in chosen])
        outside = np.concatenate([parts[k] for k in range(blocks) if k not in chosen])
        best = int(sharpes(table[inside]).argmax())
        out = sharpes(table[outside])
        low.append((out < out[best]).sum() + 1 <= (table.shape[1] + 1) / 2)
    return float(np.mean(low))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.sampled_from([4, 6, 10]), st.floats(1e-6, 1e3))
def test_pbo_from_block_sums_is_pbo_by_definition(seed: int, trials: int, blocks: int, unit: float) -> None:
    rng = np.random.default_rng(seed)
    table = unit * rng.normal(size=(int(rng.integers(3 * blocks, 90)), trials))
    found = overfitting(table, blocks)
    assert found.pbo == pytest.approx(plain_pbo(table, blocks))
    assert found.splits == math.comb(blocks, blocks // 2)


def test_copies_of_one_trial_do_not_tell_the_best_apart() -> None:
    series = np.random.default_rng(0).normal(size=(200, 1))
    assert overfitting(np.repeat(series, 5, axis=1)).pbo == 1.0


def test_moments_of_a_known_series() -> None:
    of = moments(np.array([0.0, 0.0, 0.0, 4.0]))
    assert (of.skew, of.kurtosis, of.n) == (pytest.approx(2 / math.sqrt(3)), pytest.approx(7 / 3), 4)
    assert of.sharpe == pytest.approx(0.5)


def test_a_series_that_never_moves_has_no_sharpe_and_no_dsr() -> None:
    assert math.isnan(moments(np.full(50, 0.1)).sharpe)
    assert math.isnan(deflated_sharpe(np.full(50, 0.1), 3))
    assert sharpes(np.zeros((50, 2))).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("table", "blocks"),
    [
        (np.zeros((100, 1)), 10), (np.zeros((19, 3)), 10), (np.zeros((100, 3)), 5),
        (np.full((100, 3), np.nan), 10),
    ],
)  # fmt: skip
def test_pbo_of_what_can_not_be_split_is_refused(table: np.ndarray, blocks: int) -> None:
    with pytest.raises(DataError, match="PBO was asked of"):
        overfitting(table, blocks)


def test_more_trials_never_make_a_series_better() -> None:
    series = 0.05 + np.random.default_rng(0).normal(size=750)
    values = [deflated_sharpe(series, trials) for trials in (1, 2, 10, 100, 10_000)]
    assert values == sorted(values, reverse=True)
    with pytest.raises(DataError, match="at least 1"):
        deflated_sharpe(series, 0)
