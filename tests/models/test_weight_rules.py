"""Every weight rule: the worked example, who is rewarded, and the guard."""

import numpy as np
import pytest

from augury.core.errors import UsageError
from augury.models.ensemble.nested import NESTED, STANDING, WEIGHT_RULES, brier_rows, chosen, inner_folds, weigh
from augury.models.ensemble.pooling import pool
from augury.models.ensemble.weights.lasso import STRENGTH

S1, S2, Y = (1, 1, -1, -1), (1, 0, 0, -1), (1, 1, -1, -1)
RULES = ("directional", "equal", "inverse_mae", "lasso", "ols", "ridge", "ridge10", "sharpe", "slsqp")
LEARNED = tuple(name for name in RULES if name != "equal")


def sure(codes):
    return np.eye(3)[np.asarray(codes) + 1]


def skilled(rng, codes, skill):
    """Probabilities whose score moves with what came, by ``skill``, in noise."""
    lean = np.clip(0.25 + 0.25 * np.tanh(skill * codes + rng.normal(size=len(codes))), 0.01, 0.49)
    return np.column_stack([0.5 - lean, np.full(len(codes), 0.5), lean])


@pytest.fixture(scope="module")
def market():
    rng = np.random.default_rng(5)
    codes = rng.choice([-1, 0, 1], 800).astype(np.int8)
    return {
        "good": skilled(rng, codes, 1.0),
        "fair": skilled(rng, codes, 0.4),
        "blind": skilled(rng, codes, 0.0),
    }, codes


def test_the_catalogue_holds_the_rules_of_the_house():
    assert set(RULES) <= set(WEIGHT_RULES.names())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("equal", (0.5, 0.5)),
        ("ridge", (0.80, 0.20)),
        ("ridge10", (0.6875, 0.3125)),
        # S'S w = S'y has the answer (1, 0): floored (.98, .02), so the guard refits with alpha 10.
        ("ols", (0.6875, 0.3125)),
        # w1 = 1 - a - w2 / 2, and w2 = 0: its own reach is used up by the first; then the guard.
        ("lasso", (0.6875, 0.3125)),
        # s1 y = (1, 1, 1, 1) has no spread at all: capped.
        ("sharpe", (0.80, 0.20)),
        # accuracies 1 and (1 + .5 + .5 + 1) / 4 = .75: .25 to .0625.
        ("directional", (0.80, 0.20)),
        # errors 0 and .5: capped.
        ("inverse_mae", (0.80, 0.20)),
        ("slsqp", (0.60, 0.40)),
    ],
)
def test_the_worked_example_by_every_rule(name, expected):
    weighed = weigh(name, {"a": sure(S1), "b": sure(S2)}, np.array(Y), 1)
    assert list(weighed.weights.values()) == pytest.approx(expected, abs=1e-6)
    guarded = [event["event"] for event in weighed.events]
    assert guarded == (["dominance"] if name in ("ols", "lasso", "sharpe", "inverse_mae") else [])


@pytest.mark.parametrize("name", LEARNED)
def test_skill_is_weighed_above_blindness(name, market):
    predictions, codes = market
    weights = weigh(name, predictions, codes, 1).weights
    assert weights["good"] > weights["fair"] > weights["blind"] or name == "slsqp"
    assert weights["good"] > 1 / 3 > weights["blind"]


@pytest.mark.parametrize("name", LEARNED)
def test_a_learned_pool_of_uneven_members_beats_equal_weights_on_later_rows(name, market):
    predictions, codes = market
    past, later = slice(0, 500), slice(500, None)
    rest = {member: said[later] for member, said in predictions.items()}

    def loss(rule):
        weights = weigh(rule, {member: said[past] for member, said in predictions.items()}, codes[past], 1).weights
        return brier_rows(pool(rest, weights), codes[later]).mean()

    assert loss(name) < loss(STANDING)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("members", [1, 2, 4, 30])
def test_weights_keep_their_contract_over_members_that_are_alike_opposite_or_silent(name, members):
    rng = np.random.default_rng(members)
    codes = rng.choice([-1, 0, 1], 90).astype(np.int8)
    silent = np.full((90, 3), 1 / 3)
    kinds = [sure(codes), sure(-codes), silent, sure(codes), rng.dirichlet([1, 1, 1], 90)]
    weighed = weigh(name, {f"m{at}": kinds[at % 5] for at in range(members)}, codes, 1)
    weights = np.array(list(weighed.weights.values()))
    assert np.isfinite(weights).all()
    assert weights.min() >= min(0.02, 1 / members) - 1e-9
    assert weights.sum() == pytest.approx(1, abs=1e-9)
    assert weights.max() <= 0.80 + 1e-9 or members == 1


@pytest.mark.parametrize("name", RULES)
def test_unnormalised_answers_weigh_the_same_and_negative_ones_are_refused(name, market):
    predictions, codes = market
    scaled = {member: 7.5 * said for member, said in predictions.items()}
    assert weigh(name, scaled, codes, 1).weights == pytest.approx(weigh(name, predictions, codes, 1).weights, abs=1e-6)
    if name != "equal":
        with pytest.raises(ValueError, match="negative"):
            weigh(name, {"a": -predictions["good"]}, codes, 1)


def test_bounded_weights_stay_between_5_and_60_percent(market):
    predictions, codes = market
    weights = weigh("slsqp", predictions | {"best": sure(codes)}, codes, 1).weights
    assert max(weights.values()) == pytest.approx(0.60, abs=1e-6)
    assert min(weights.values()) == pytest.approx(0.05, abs=1e-6)


def test_lasso_leaves_a_copy_of_another_member_at_the_floor_whatever_the_size_of_the_scores(market):
    predictions, codes = market
    weak = {member: 1 / 3 + 0.1 * (said - said.mean(axis=1, keepdims=True)) for member, said in predictions.items()}
    for given in (predictions, weak):
        weights = weigh("lasso", given | {"twin": given["good"].copy()}, codes, 1).weights
        assert min(weights["good"], weights["twin"]) == pytest.approx(0.02)
    assert 0 < STRENGTH < 1


def test_a_member_that_is_mostly_wrong_is_not_rewarded_for_being_far_from_one_half():
    rng = np.random.default_rng(0)
    codes = rng.choice([-1, 1], 200).astype(np.int8)
    fair, other = (np.where(rng.random(200) < 0.6, codes, -codes) for _ in range(2))
    weights = weigh("directional", {"wrong": sure(-codes), "fair": sure(fair), "other": sure(other)}, codes, 1).weights
    assert weights["wrong"] == pytest.approx(0.02)


# Nested


def test_inner_folds_learn_from_the_past_only_and_leave_a_horizon_between():
    for horizon in (1, 5, 20):
        cut = inner_folds(600, horizon)
        assert len(cut) == 4
        for past, test in cut:
            assert past[0] == 0
            assert past[-1] + horizon < test[0]
            assert (np.diff(test) == 1).all()
        assert np.concatenate([test for _, test in cut]).tolist() == list(range(120, 600))
    assert inner_folds(200, 1) == []


def test_nested_folds_choose_a_rule_and_the_event_holds_what_every_rule_lost(market):
    predictions, codes = market
    weighed = weigh(NESTED, predictions, codes, 1)
    event = weighed.events[0]
    assert event["event"] == NESTED
    assert event["rule"] == min(event["brier"], key=event["brier"].get) != STANDING
    assert set(event["brier"]) == set(WEIGHT_RULES.names())
    assert (event["folds"], event["rows"]) == (4, 640)
    assert weighed.weights == weigh(event["rule"], predictions, codes, 1).weights


def test_a_rule_is_never_shown_the_rows_that_judge_it(market, monkeypatch):
    predictions, codes = market
    shown = []
    real = WEIGHT_RULES.load("ridge")
    monkeypatch.setattr("augury.models.ensemble.weights.ridge.RULE", lambda p, c: shown.append(len(c)) or real(p, c))
    chosen(predictions, codes, 5, rules=["ridge"])
    folds = inner_folds(len(codes), 5)
    assert shown[:4] == [len(past) for past, _ in folds] == [test[0] - 5 for _, test in folds]


def test_among_members_that_know_nothing_equal_weights_stand():
    stood = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        codes = rng.choice([-1, 0, 1], 500).astype(np.int8)
        noise = {name: rng.dirichlet([3, 3, 3], 500) for name in "abc"}
        stood += weigh(NESTED, noise, codes, 5).events[0]["rule"] == STANDING
    assert stood >= 16


def test_shuffled_folds_are_refused(market):
    predictions, codes = market
    rows = np.random.default_rng(0).permutation(len(codes))
    folds = [(np.delete(rows, np.s_[at : at + 200]), rows[at : at + 200]) for at in range(0, 800, 200)]
    with pytest.raises(UsageError, match="K-fold with shuffling is refused"):
        chosen(predictions, codes, 1, folds=folds)
    ordered = [(np.arange(99), np.arange(100, 200))]
    assert chosen(predictions, codes, 1, folds=ordered).events[0]["folds"] == 1
    with pytest.raises(UsageError, match="outcomes 5 bars ahead"):
        chosen(predictions, codes, 5, folds=ordered)


def test_too_few_rows_for_nested_folds_are_weighed_by_ridge_and_say_so(market):
    predictions, codes = market
    few = {member: said[:100] for member, said in predictions.items()}
    weighed = weigh(NESTED, few, codes[:100], 1)
    assert weighed.weights == weigh("ridge", few, codes[:100], 1).weights
    assert weighed.events[0] == {"event": "nested", "rule": "ridge", "reason": "100 rows do not carry 4 folds"}
