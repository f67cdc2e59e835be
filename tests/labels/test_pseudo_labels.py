"""Pseudo-labels and synthetic windows stop the run rather than give way."""

from __future__ import annotations

import numpy as np
import pytest

from augury.core.errors import GateRefused
from augury.data.synthetic import SyntheticMarket
from augury.labels.windows import extract_windows
from augury.labels.windows.pseudo import pseudo_labels
from augury.labels.windows.synthetic_quality import refuse_unlike, synthetic_quality

CLASSES = ("a", "b")


def answers(n=600, sure=0.95, seed=0):
    rng = np.random.default_rng(seed)
    code = rng.integers(0, 2, n)
    proba = np.empty((n, 2))
    proba[np.arange(n), code] = rng.uniform(sure, 0.99, n)
    proba[np.arange(n), 1 - code] = 1 - proba[np.arange(n), code]
    return proba


def test_sure_and_agreeing_answers_become_balanced_labels():
    said = answers()
    found = pseudo_labels(said, said, CLASSES)
    assert found.facts["count"] == {"a": 150, "b": 150}
    assert (said[found.rows].argmax(axis=1) == found.codes).all()


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (answers(), 1 - answers(), "agree on 0.00"),
        (answers(sure=0.5), answers(sure=0.5), "needed 150"),
        (answers(n=200), answers(n=200), "needed 150"),
    ],
    ids=["disagreement", "unsure", "too few"],
)
def test_a_gate_that_fails_ends_the_run_by_name(first, second, why):
    with pytest.raises(GateRefused, match=f"no_pseudo_labels.*{why}") as refused:
        pseudo_labels(first, second, CLASSES)
    assert refused.value.facts["gate"] == "no_pseudo_labels"


def test_a_floor_is_never_lowered_to_reach_the_target():
    said = answers(n=2000, sure=0.85)
    kept = pseudo_labels(said, said, CLASSES, target=50)
    assert said[kept.rows].max(axis=1).min() >= 0.92
    with pytest.raises(GateRefused, match=r"reach 0\.999"):
        pseudo_labels(said, said, CLASSES, target=50, floors={"a": 0.999, "b": 0.999})


@pytest.fixture(scope="module")
def real():
    return extract_windows(SyntheticMarket(n_symbols=3, n_bars=3000, seed=1).bars()).prices


def test_windows_of_the_same_market_pass_every_gate(real):
    other = extract_windows(SyntheticMarket(n_symbols=3, n_bars=3000, seed=2).bars()).prices
    assert refuse_unlike(other, real).overall > 0.8


def test_broken_bars_spoil_integrity(real):
    broken = real.copy()
    broken[:, ::5, 1] = broken[:, ::5, 2] * 0.9
    with pytest.raises(GateRefused, match=r"integrity 0\.[78]"):
        refuse_unlike(broken, real)


def test_another_spread_of_returns_is_refused(real):
    loud = np.exp(np.log(real) * 6 - 5 * np.log(real[:, :1, :1]))
    assert "returns" in synthetic_quality(loud, real).failed


def test_a_trending_market_is_not_like_one_that_does_not_trend(real):
    rng = np.random.default_rng(0)
    steps = np.repeat(rng.normal(0, 0.01, (len(real), 7)), 15, axis=1)
    close = 100 * np.exp(np.cumsum(steps, axis=1))
    smooth = np.stack([close, close * 1.001, close * 0.999, close], axis=2)
    assert {"autocorrelation", "clustering"} <= set(synthetic_quality(smooth, real).failed)


def test_more_than_two_for_each_real_one_are_refused(real):
    with pytest.raises(GateRefused, match="at most 2 each"):
        refuse_unlike(np.concatenate([real, real, real]), real)
