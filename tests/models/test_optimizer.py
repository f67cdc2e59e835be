"""Weights: the worked example, the guard, and every shape of input the contract names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from augury.core.errors import UnknownName, UsageError
from augury.models.ensemble.nested import WEIGHT_RULES
from augury.models.ensemble.optimizer import EnsembleWeightOptimizer

NAMES = {-1: "BEARISH", 0: "NEUTRAL", 1: "BULLISH"}
S1, S2, Y = (1, 1, -1, -1), (1, 0, 0, -1), (1, 1, -1, -1)


def named(codes):
    return [NAMES[code] for code in codes]


def test_the_worked_example_gives_80_20_and_the_guard_stays_silent():
    optimizer = EnsembleWeightOptimizer()
    weights = optimizer.optimize_weights({"a": named(S1), "b": named(S2)}, named(Y))
    assert weights == pytest.approx({"a": 0.80, "b": 0.20}, abs=1e-12)
    assert optimizer.events_ == []
    assert optimizer.validate_weights()


def test_the_worked_example_at_alpha_10():
    weights = EnsembleWeightOptimizer(alpha=10.0).optimize_weights({"a": named(S1), "b": named(S2)}, named(Y))
    assert weights == pytest.approx({"a": 0.6875, "b": 0.3125}, abs=1e-12)


def test_a_dominant_member_triggers_alpha_10_and_the_event_holds_both_vectors():
    optimizer = EnsembleWeightOptimizer(max_weight=0.75)
    weights = optimizer.optimize_weights({"a": named(S1), "b": named(S2)}, named(Y))
    assert weights == pytest.approx({"a": 0.6875, "b": 0.3125}, abs=1e-12)
    (event,) = optimizer.events_
    assert (event["event"], event["alpha"], event["capped"]) == ("dominance", 10.0, False)
    assert event["before"] == pytest.approx({"a": 0.80, "b": 0.20})
    assert event["after"] == weights


def test_a_member_that_still_dominates_is_capped_at_80_percent_and_the_rest_shares_in_proportion():
    rng = np.random.default_rng(0)
    y = rng.choice([-1, 0, 1], 400)
    good = np.eye(3)[y + 1]
    weights_of = {"good": good, "bad": rng.dirichlet([1, 1, 1], 400), "worse": np.roll(good, 7, axis=0)}
    optimizer = EnsembleWeightOptimizer()
    weights = optimizer.optimize_weights(weights_of, named(y))
    assert weights["good"] == pytest.approx(0.80, abs=1e-12)
    assert sum(weights.values()) == pytest.approx(1, abs=1e-9)
    assert optimizer.events_[0]["capped"]
    assert optimizer.history_[-1]["weights"] == weights
    before = optimizer.events_[0]["before"]
    assert weights["bad"] >= 0.02 <= weights["worse"]
    assert before["good"] > 0.80


def test_labels_codes_probabilities_and_unnormalised_probabilities_give_the_same_weights():
    one_hot = {name: np.eye(3)[np.array(codes) + 1] for name, codes in (("a", S1), ("b", S2))}
    expected = EnsembleWeightOptimizer().optimize_weights({"a": named(S1), "b": named(S2)}, named(Y))
    for predictions, labels in (
        (one_hot, named(Y)),
        ({name: 7.5 * rows for name, rows in one_hot.items()}, np.array(Y)),
        ({"a": np.array(S1), "b": np.array(S2, np.int8)}, np.array(named(Y))),
    ):
        assert EnsembleWeightOptimizer().optimize_weights(predictions, labels) == pytest.approx(expected, abs=1e-12)


@given(
    arrays(np.float64, (12, 3, 3), elements=st.floats(0.01, 1.0)),
    st.lists(st.sampled_from([-1, 0, 1]), min_size=12, max_size=12),
)
def test_weights_are_positive_finite_and_sum_to_one_whatever_the_members_say(answers, labels):
    optimizer = EnsembleWeightOptimizer()
    weights = optimizer.optimize_weights({name: answers[:, at] for at, name in enumerate("abc")}, np.array(labels))
    assert optimizer.validate_weights()
    assert min(weights.values()) >= 0.02 - 1e-9
    assert max(weights.values()) <= 0.80 + 1e-9


def test_members_that_all_point_the_wrong_way_share_equally():
    weights = EnsembleWeightOptimizer().optimize_weights({"a": [-c for c in S1], "b": [-c for c in S2]}, list(Y))
    assert weights == {"a": 0.5, "b": 0.5}


def test_a_single_member_has_all_the_weight_and_no_guard():
    optimizer = EnsembleWeightOptimizer()
    assert optimizer.optimize_weights({"a": list(S1)}, list(Y)) == {"a": 1.0}
    assert optimizer.events_ == []


def test_identical_members_without_penalty_have_an_answer():
    weights = EnsembleWeightOptimizer(alpha=0.0).optimize_weights({"a": list(S1), "b": list(S1)}, list(Y))
    assert weights == pytest.approx({"a": 0.5, "b": 0.5})


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (np.array([[-0.1, 0.6, 0.5]] * 4), ValueError, "negative"),
        (np.array([[np.nan, 0.5, 0.5]] * 4), ValueError, "not finite"),
        (np.zeros((4, 3)), ValueError, "all zero"),
        (np.full((4, 2), 0.5), ValueError, "needs"),
        (["BULLISH"] * 3, ValueError, "needs"),
        (["UP"] * 4, UnknownName, "'UP'"),
        ([2] * 4, UnknownName, "codes"),
    ],
)
def test_what_is_no_prediction_is_refused_by_name(answer, error, words):
    with pytest.raises(error, match=words):
        EnsembleWeightOptimizer().optimize_weights({"a": answer}, list(Y))


def test_nothing_to_weigh_and_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="at least one member"):
        EnsembleWeightOptimizer().optimize_weights({}, list(Y))
    with pytest.raises(UsageError, match="0 < min < max"):
        EnsembleWeightOptimizer(min_weight=0.9)
    assert not EnsembleWeightOptimizer().validate_weights()


def test_tampered_weights_do_not_validate():
    optimizer = EnsembleWeightOptimizer()
    optimizer.optimize_weights({"a": list(S1), "b": list(S2)}, list(Y))
    for broken in ({"a": 0.8, "b": 0.3}, {"a": 1.0, "b": 0.0}, {"a": 0.8, "c": 0.2}, {"a": float("nan"), "b": 0.2}):
        optimizer.weights_ = broken
        assert not optimizer.validate_weights()


def test_every_weight_rule_keeps_the_weight_contract():
    rng = np.random.default_rng(1)
    predictions = {name: rng.dirichlet([1, 1, 1], 80) for name in "abc"}
    codes = rng.choice([-1, 0, 1], 80).astype(np.int8)
    assert {"ridge", "equal"} <= set(WEIGHT_RULES.names())
    for _, rule in WEIGHT_RULES:
        weights = rule(predictions, codes).weights
        assert list(weights) == ["a", "b", "c"]
        assert sum(weights.values()) == pytest.approx(1, abs=1e-9)
        assert min(weights.values()) > 0
