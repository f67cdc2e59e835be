"""Information coefficients: one definition, ties, days, and what negating does (Q07)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from augury.core.metrics.ranking import ic, ic_by_day, icir, rank_ic, ranks

PAIRS = st.integers(3, 40).flatmap(
    lambda n: st.tuples(*[arrays(np.float64, n, elements=st.floats(-100, 100, width=32))] * 2)
)


def test_reference_table_with_ties_to_1e_12() -> None:
    from scipy import stats

    rng = np.random.default_rng(0)
    score, returns = rng.integers(0, 8, size=200).astype(float), rng.normal(size=200)
    assert ic(score, returns) == pytest.approx(stats.pearsonr(score, returns).statistic, abs=1e-12)
    assert rank_ic(score, returns) == pytest.approx(stats.spearmanr(score, returns).statistic, abs=1e-12)
    assert np.array_equal(ranks(score), stats.rankdata(score))


@given(PAIRS)
def test_negating_the_scores_negates_the_coefficient(pair: tuple[np.ndarray, np.ndarray]) -> None:
    score, returns = pair
    for metric in (ic, rank_ic):
        plus, minus = metric(score, returns), metric(-score, returns)
        assert (math.isnan(plus) and math.isnan(minus)) or minus == pytest.approx(-plus, abs=1e-12)
        assert math.isnan(plus) or -1 <= plus <= 1


@given(PAIRS, st.floats(0.01, 100), st.floats(-10, 10))
def test_scale_and_shift_do_not_matter_and_any_growing_map_leaves_rank_ic(pair, scale: float, shift: float) -> None:
    score, returns = np.round(pair[0], 3), np.round(pair[1], 3)
    if np.ptp(score) > 0 and np.ptp(returns) > 0:
        assert ic(scale * score + shift, returns) == pytest.approx(ic(score, returns), abs=1e-7)
        assert rank_ic(np.round(score, 3) ** 3, returns) == pytest.approx(rank_ic(score, returns), abs=1e-12)


def test_a_constant_score_is_undefined_never_0() -> None:
    for constant in (np.full(9, 0.1), np.full(9, 1 / 3), np.zeros(9)):
        assert math.isnan(ic(constant, np.arange(9.0)))
        assert math.isnan(rank_ic(constant, np.arange(9.0)))


def test_a_score_that_is_not_finite_is_undefined() -> None:
    score = np.array([1.0, np.nan, 3.0])
    assert math.isnan(ic(score, np.arange(3.0)))
    assert math.isnan(rank_ic(score, np.arange(3.0)))


def test_coefficients_are_taken_within_each_day_so_that_day_offsets_vanish() -> None:
    days = np.repeat(np.arange(50), 25)
    rng = np.random.default_rng(2)
    returns = rng.normal(size=days.size)
    offset = np.repeat(rng.normal(size=50) * 100, 25)
    for ranked in (False, True):
        assert ic_by_day(returns + offset, returns - offset, days, ranked=ranked) == pytest.approx(np.ones(50))
    assert ic(returns + offset, returns - offset) < -0.9


def test_a_day_with_fewer_than_20_names_is_left_out() -> None:
    days = np.concatenate([np.repeat(0, 19), np.repeat(1, 20)])
    values = np.random.default_rng(3).normal(size=39)
    assert len(ic_by_day(values, values, days)) == 1
    assert len(ic_by_day(values, values, days, min_names=2)) == 2


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    days, score, returns = np.repeat(np.arange(10), 30), rng.normal(size=300), rng.normal(size=300)
    order = rng.permutation(300)
    assert ic_by_day(score[order], returns[order], days[order]) == pytest.approx(ic_by_day(score, returns, days))


def test_icir_is_the_mean_over_the_spread_and_undefined_without_spread() -> None:
    daily = np.array([0.02, 0.04, 0.06])
    assert icir(daily) == pytest.approx(0.04 / 0.02)
    assert math.isnan(icir(np.array([0.5])))
    assert math.isnan(icir(np.array([0.5, 0.5])))
