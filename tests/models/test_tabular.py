"""What is particular to each tabular member."""

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from augury.core.errors import ModelError
from augury.models.tabular._boosting import _short
from augury.models.tabular._forest import FlatForest, binned, flatten, quantile_edges
from augury.models.tabular.gb import GradientBoosting
from augury.models.tabular.lgbm import LightGBM
from augury.models.tabular.rf import RandomForest


def rows(n=500, strength=1.0, seed=0, late_noise=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5)).astype(np.float32)
    hidden = strength * X[:, 0] + rng.normal(size=n)
    return X, (hidden > 0.8).astype(np.int8) - (hidden < -0.8).astype(np.int8)


def test_defaults_are_those_of_the_specification():
    assert RandomForest().get_params() == {
        "n_estimators": 200, "max_depth": 15, "min_samples_split": 10, "min_samples_leaf": 5,
        "balanced": True, "restore_prior": True, "max_bins": 31, "random_state": 42,
    }  # fmt: skip
    assert GradientBoosting().get_params() == {
        "n_estimators": 100, "learning_rate": 0.05, "max_depth": 7, "min_samples_leaf": 5, "random_state": 42,
    }  # fmt: skip
    assert LightGBM().get_params() == {
        "n_estimators": 1000, "learning_rate": 0.02, "max_depth": 7, "num_leaves": 63, "min_samples_leaf": 15,
        "subsample": 0.85, "colsample": 0.85, "reg_lambda": 0.003, "reg_alpha": 0.003, "patience": 150,
        "stop_fraction": 0.15, "horizon_bars": 1, "random_state": 42,
    }  # fmt: skip


def test_the_flat_forest_answers_as_scikit_learn_does_on_the_binned_rows():
    X, y = rows(400)
    X[:, 4] = np.round(X[:, 4])  # a column with few values
    edges = quantile_edges(X, 31)
    forest = RandomForestClassifier(40, max_depth=15, min_samples_leaf=5, random_state=1).fit(binned(X, edges), y)
    flat = flatten([tree.tree_ for tree in forest.estimators_], edges)
    fresh = np.vstack([X, rows(300, seed=9)[0] * 3])
    assert flat.proba(fresh) == pytest.approx(forest.predict_proba(binned(fresh, edges)), abs=1e-6)


def test_a_value_equal_to_a_threshold_goes_left_as_it_did_in_training():
    X = np.repeat(np.arange(4, dtype=np.float32), 25).reshape(-1, 1)
    y = (X[:, 0] > 1).astype(int)
    member = RandomForest(n_estimators=9, balanced=False).fit(X, y)
    assert member.predict([[1.0], [np.nextafter(np.float32(1), np.float32(2))]]).tolist() == [0, 1]


def test_a_forest_whose_indices_point_outside_is_refused():
    arrays = RandomForest(n_estimators=3).fit(*rows(100)).forest_.arrays()
    assert FlatForest.of(arrays).depth >= 1
    for name, value in (("right", arrays["right"] + 10_000), ("feature", arrays["feature"][:-1])):
        with pytest.raises(ValueError, match="point outside"):
            FlatForest.of(arrays | {name: value})


def test_a_balanced_forest_answers_with_the_frequencies_of_the_market():
    X, y = rows(2000, strength=0.0)
    shares = [np.mean(y == code) for code in (-1, 0, 1)]
    fresh = rows(1000, seed=5)[0]
    restored = RandomForest(n_estimators=60).fit(X, y).predict_proba(fresh).mean(axis=0)
    balanced = RandomForest(n_estimators=60, restore_prior=False).fit(X, y).predict_proba(fresh).mean(axis=0)
    assert restored == pytest.approx(shares, abs=0.04)
    assert balanced == pytest.approx([1 / 3] * 3, abs=0.04)


def test_the_refit_uses_the_early_stopped_count_on_all_rows():
    X, y = rows(800)
    member = LightGBM(learning_rate=0.1, patience=20, horizon_bars=5).fit(X, y)
    count = member.facts()["best_iteration"]
    assert 1 < count < 200
    assert member.facts() == {"n_trees": count, "best_iteration": count, "no_signal": False}
    assert member.booster_.num_trees() == 3 * count
    assert _leaf_rows(member) == pytest.approx(0.85 * len(X), rel=0.06)


def _leaf_rows(member):
    first = member.booster_.dump_model()["tree_info"][0]["tree_structure"]
    return first["internal_count"]


def test_one_stage_is_reported_as_no_signal():
    X, y = rows(400, strength=0.0, seed=3)
    y[340:] = -y[340:]
    member = LightGBM(learning_rate=0.3, patience=10).fit(
        X, np.where(X[:, 0] > 0, 1, -1) * np.where(np.arange(400) < 335, 1, -1)
    )
    assert member.facts() == {"n_trees": 1, "best_iteration": 1, "no_signal": True}


def test_too_few_rows_to_stop_early_is_no_signal_too():
    X, y = rows(60)
    assert LightGBM(horizon_bars=40).fit(X, y).facts()["no_signal"]


def test_the_stopping_part_is_the_latest_and_purged_by_the_horizon(monkeypatch):
    seen = []

    def spy(self, X, codes, rounds, watched=None, patience=0):
        seen.append((X[:, 0].tolist(), None if watched is None else watched[0][:, 0].tolist()))
        return original(self, X, codes, rounds, watched, patience)

    original = LightGBM._boost
    monkeypatch.setattr(LightGBM, "_boost", spy)
    X = np.column_stack([np.arange(200), np.random.default_rng(0).normal(size=200)]).astype(np.float32)
    LightGBM(n_estimators=5, horizon_bars=7).fit(X, np.arange(200) % 3)
    (early, late), (refit, watched) = seen
    assert late == list(range(170, 200))
    assert early == list(range(163))
    assert refit == list(range(200))
    assert watched is None


def test_the_short_text_predicts_as_the_long_one_at_half_the_size():
    X, y = rows(400)
    booster = GradientBoosting(n_estimators=20).fit(X, y).booster_
    long = booster.model_to_string()
    short = _short(long)
    assert len(short) < 0.65 * len(long)
    assert np.array_equal(lgb.Booster(model_str=short).predict(X), booster.predict(X))


def test_an_error_of_the_engine_becomes_a_named_one():
    with pytest.raises(ModelError, match="LightGBM refused 100 rows"):
        GradientBoosting(learning_rate=-1.0).fit(*rows(100))
