"""Weights by regime and stacks: fitted out of fold, stored in the version, used at every prediction."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from augury.core.errors import InsufficientHistory, UnknownName
from augury.core.recipe import Recipe
from augury.core.tables import VOLATILITY
from augury.models.ensemble.ensemble import Ensemble
from augury.models.ensemble.mixing import check_weights, fit_mixing, reweigh
from augury.models.ensemble.nested import weigh
from augury.models.ensemble.pooling import pool
from augury.models.ensemble.regimes import REGIMES, ROWS_MIN, RegimeWeights
from augury.models.ensemble.stacking import STACKS, Stack, inner_folds
from augury.models.training import OutOfFold, fit_members

N = 900


def skilled(rng, codes, skill):
    lean = np.clip(0.25 + 0.25 * np.tanh(skill * codes + rng.normal(size=len(codes))), 0.01, 0.49)
    return np.column_stack([0.5 - lean, np.full(len(codes), 0.5), lean])


@pytest.fixture(scope="module")
def market():
    """``calm`` foresees quiet bars, ``storm`` strained ones, and neither the others."""
    rng = np.random.default_rng(1)
    volatility = np.exp(rng.normal(size=N) * 0.5) / 100
    regime = np.digitize(volatility, np.quantile(volatility, (1 / 3, 2 / 3)))
    codes = rng.choice([-1, 0, 1], N).astype(np.int8)
    skills = {"calm": (1.5, 0.5, 0.0), "storm": (0.0, 0.5, 1.5)}
    answers = {name: skilled(rng, codes, np.array(by)[regime]) for name, by in skills.items()}
    return answers, codes, volatility, regime


def ridge(answers, codes):
    return weigh("ridge", answers, codes, 1)


# Regimes


def test_weights_move_with_the_regime_where_the_members_skill_does(market):
    answers, codes, volatility, regime = market
    found, weighed = RegimeWeights.fit(ridge, answers, codes, volatility)
    quiet, usual, strained = found.weights
    assert quiet["calm"] > weighed.weights["calm"] + 0.1 > strained["calm"] + 0.2
    assert quiet["calm"] > usual["calm"] > strained["calm"]
    assert found.of(volatility).tolist() == regime.tolist()
    assert weighed.events[-1]["event"] == "regimes"
    assert sum(weighed.events[-1]["rows"].values()) == N
    for weights in found.weights:
        assert sum(weights.values()) == pytest.approx(1, abs=1e-9)
        assert min(weights.values()) >= 0.02 - 1e-9


def test_a_regimes_own_vector_is_shrunk_to_the_global_one_by_n_over_n_plus_200(market):
    answers, codes, volatility, regime = market
    found, weighed = RegimeWeights.fit(ridge, answers, codes, volatility)
    for which in range(len(REGIMES)):
        here = regime == which
        own = ridge({name: said[here] for name, said in answers.items()}, codes[here]).weights
        keep = here.sum() / (here.sum() + 200)
        expected = {name: keep * own[name] + (1 - keep) * weighed.weights[name] for name in own}
        assert found.weights[which] == pytest.approx(expected, abs=1e-12)


def test_below_60_rows_a_regime_is_weighed_globally(market):
    answers, codes, volatility, _ = market
    rows = slice(0, 3 * ROWS_MIN - 3)
    few = {name: said[rows] for name, said in answers.items()}
    found, weighed = RegimeWeights.fit(ridge, few, codes[rows], volatility[rows])
    assert max(found.rows) < ROWS_MIN
    assert all(weights == weighed.weights for weights in found.weights)


def test_a_row_whose_regime_is_not_known_is_weighed_globally(market):
    answers, codes, volatility, _ = market
    found, weighed = RegimeWeights.fit(ridge, answers, codes, volatility)
    three = {name: said[:3] for name, said in answers.items()}
    pooled = found.pool(three, np.array([np.nan, np.inf, volatility[2]]), weighed.weights)
    assert np.array_equal(pooled[:2], pool(three, weighed.weights)[:2])
    assert found.per_row(np.array([np.nan]), weighed.weights) == [weighed.weights]


def test_the_regime_of_a_row_does_not_change_by_the_rows_beside_it(market):
    answers, codes, volatility, _ = market
    found, weighed = RegimeWeights.fit(ridge, answers, codes, volatility)
    whole = found.pool(answers, volatility, weighed.weights)
    alone = [
        found.pool(
            {name: said[at : at + 1] for name, said in answers.items()}, volatility[at : at + 1], weighed.weights
        )
        for at in range(20)
    ]
    assert np.array_equal(np.concatenate(alone), whole[:20])


def test_regimes_survive_json_and_a_member_that_is_lost(market):
    answers, codes, volatility, _ = market
    found, _ = RegimeWeights.fit(ridge, answers, codes, volatility)
    assert RegimeWeights.from_json(found.to_json()) == found
    assert found.restricted({"calm": ...}).weights == ({"calm": 1.0},) * 3


# In a version


@pytest.fixture(scope="module")
def train(table_of):
    table = table_of(700, strength=1.0, horizon_bars=2)
    rng = np.random.default_rng(2)
    moving = pl.Series(VOLATILITY, 0.01 * np.exp(rng.normal(size=len(table)) * 0.5))
    return table.with_frame(table.frame.with_columns(moving)).known()


@pytest.fixture(scope="module")
def fitted(train, small_recipe):
    return fit_members(train, small_recipe)


def ensemble_of(fitted, weights):
    recipe = Recipe(members={name: {} for name in fitted.members}, weights=weights)
    return Ensemble.fit(fitted, recipe, fitted.train.spec)


@pytest.mark.parametrize("weights", ["regime", "nested", *STACKS])
def test_what_the_recipe_asks_for_is_stored_and_answers_the_same_after_a_load(fitted, tmp_path, weights):
    ensemble = ensemble_of(fitted, weights)
    ensemble.save(tmp_path)
    loaded = Ensemble.load(tmp_path)
    there, here = loaded.predict(fitted.train), ensemble.predict(fitted.train)
    assert np.array_equal(there.proba, here.proba)
    assert np.array_equal(there.agreement, here.agreement)
    assert np.array_equal(there.quantiles["q05"], here.quantiles["q05"])
    assert loaded.regimes == ensemble.regimes
    last = fitted.train.with_frame(fitted.train.frame.tail(1))
    assert np.array_equal(loaded.predict(last).proba[0], here.proba[-1])
    assert (tmp_path / "stack").is_dir() == (weights in STACKS)


def test_a_version_of_plain_weights_is_written_as_before(fitted, tmp_path):
    ensemble_of(fitted, "ridge").save(tmp_path)
    text = (tmp_path / "ensemble.json").read_text()
    assert "regimes" not in text
    assert '"stack"' not in text


def test_each_row_is_pooled_and_agreed_by_the_weights_of_its_regime(fitted):
    ensemble = ensemble_of(fitted, "regime")
    answer = ensemble.predict(fitted.train)
    by_row = ensemble.weights_at(fitted.train.column(VOLATILITY))
    assert len({tuple(weights.values()) for weights in by_row}) > 1
    for at in range(0, len(by_row), 37):
        row = {name: said[at : at + 1] for name, said in answer.members.items()}
        assert np.array_equal(answer.raw_proba[at], pool(row, by_row[at])[0])
        named = sum(w for n, w in by_row[at].items() if row[n][0].argmax() - 1 == answer.codes[at])
        assert answer.agreement[at] == pytest.approx(named)


def test_regimes_read_nothing_of_the_report_rows(fitted, train):
    later = train.frame.with_columns(pl.lit(9.9).alias(VOLATILITY), pl.lit(-1, pl.Int8).alias("label"))
    ensemble = ensemble_of(fitted, "regime")
    assert ensemble.predict(train.with_frame(later)).raw_proba.shape == (len(train), 3)
    seen = train.column(VOLATILITY)[fitted.out_of_fold.rows]
    assert ensemble.regimes.quiet_until == np.quantile(seen, 1 / 3)


# Stacks


@pytest.mark.parametrize("kind", STACKS)
def test_a_stack_that_knows_the_regime_beats_one_vector_of_weights(market, kind):
    answers, codes, volatility, _ = market
    stack, unseen = Stack.fit(kind, answers, codes, volatility, 1)
    newest = slice(-len(unseen), None)
    weights = weigh("ridge", {name: said[: -len(unseen)] for name, said in answers.items()}, codes[: -len(unseen)], 1)
    pooled = pool({name: said[newest] for name, said in answers.items()}, weights.weights)
    hits = [(said.argmax(axis=1) - 1 == codes[newest]).mean() for said in (unseen, pooled)]
    assert hits[0] > hits[1]
    assert stack.members == ("calm", "storm")


def test_no_row_of_a_stack_is_answered_by_a_learner_that_saw_it_or_its_outcome(market, monkeypatch):
    answers, codes, volatility, _ = market
    horizon, fitted_on = 5, []

    class Spy:
        classes_ = (-1, 0, 1)

        def fit(self, X, y):
            fitted_on.append(len(y))
            self.n = len(y)
            return self

        def predict_proba(self, X):
            return np.tile([0.0, 1.0, 0.0], (len(X), 1))

    monkeypatch.setattr("augury.models.tabular.logreg.MEMBER", Spy)
    _, unseen = Stack.fit("stack", answers, codes, volatility, horizon)
    folds = inner_folds(N, horizon)
    assert fitted_on[:-1] == [len(past) for past, _ in folds]
    assert all(past.max() + horizon < test.min() for past, test in folds)
    assert fitted_on[-1] == N
    assert len(unseen) == sum(len(test) for _, test in folds) < N


def test_calibration_and_select_scores_use_only_rows_the_stack_had_not_seen(fitted):
    ensemble = ensemble_of(fitted, "stack")
    rows, prediction = ensemble.out_of_fold_prediction()
    recipe = Recipe(members={name: {} for name in fitted.members}, weights="stack")
    mixing = fit_mixing(fitted, recipe, 2)
    assert np.array_equal(rows, mixing.out_of_fold.rows)
    assert len(rows) < len(fitted.out_of_fold.rows)
    assert np.array_equal(prediction.raw_proba, mixing.pooled)
    seen = fitted.train.with_frame(fitted.train.frame[rows])
    assert not np.allclose(ensemble.predict(seen).raw_proba, mixing.pooled)


def test_a_stack_without_one_of_its_members_hands_over_to_the_weights_and_names_who_is_missing(fitted):
    ensemble = ensemble_of(fitted, "stack")

    class Broken:
        classes_ = (-1, 0, 1)

        def predict_proba(self, X):
            raise ValueError("worn out")

    broken = replace(ensemble, members=ensemble.members | {"gb": Broken()})
    answer, dropped = broken.predict_with_status(fitted.train)
    assert dropped == ("gb",)
    assert np.array_equal(answer.raw_proba, pool(answer.members, ensemble.weights))


def test_too_few_rows_for_a_stack_fall_back_to_ridge_by_name(fitted):
    few = replace(fitted, out_of_fold=OutOfFold(fitted.out_of_fold.rows[-100:],
                  {name: said[-100:] for name, said in fitted.out_of_fold.proba.items()}))  # fmt: skip
    ensemble = ensemble_of(few, "stack")
    assert ensemble.stack is None
    (event,) = [event for event in ensemble.events if event.get("weights") == "stack"]
    assert (event["event"], event["instead"]) == ("unavailable", "ridge")
    with pytest.raises(InsufficientHistory):
        Stack.fit("stack", few.out_of_fold.proba, few.train.y[-100:], np.ones(100), 2)


def test_an_unknown_rule_is_named_with_all_that_are_known(fitted):
    with pytest.raises(UnknownName, match="did you mean 'nested'"):
        ensemble_of(fitted, "nestde")
    assert check_weights("regime") == "regime"
    answers = {name: said[:200] for name, said in fitted.out_of_fold.proba.items()}
    weighed, regimes = reweigh("nested", answers, fitted.train.y[:200], np.ones(200), 2)
    assert regimes is None
    assert weighed.events[0]["event"] == "nested"
