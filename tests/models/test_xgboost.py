"""XGBoost stays behind its extra: without the package it refuses by name, with it it is a member like the others."""

import sys
import types

import numpy as np
import pytest

from augury.core.errors import CorruptArtifact, MissingExtra
from augury.core.recipe import Recipe
from augury.models import MEMBERS
from augury.models.training import fit_members


class _Refused(Exception):
    pass


class _Booster:
    """Stands in for the package's own: class shares that lean on the first column."""

    def __init__(self):
        self.n_class = 0

    def predict(self, rows):
        lean = np.tanh(rows.X[:, [0]].astype(np.float64)) * np.linspace(-1, 1, self.n_class)
        return np.exp(lean) / np.exp(lean).sum(axis=1, keepdims=True)

    def save_raw(self, raw_format):
        assert raw_format == "json"
        return bytearray(f'{{"n_class":{self.n_class}}}', "utf-8")

    def load_model(self, raw):
        text = bytes(raw).decode()
        if "n_class" not in text:
            raise _Refused("no model")
        self.n_class = int(text.rpartition(":")[2].rstrip("}"))


@pytest.fixture
def stand_in(monkeypatch):
    package = types.ModuleType("xgboost")
    package.seen = []
    package.core = types.SimpleNamespace(XGBoostError=_Refused)
    package.Booster = _Booster
    package.DMatrix = lambda X, label=None, nthread=1: types.SimpleNamespace(X=X, label=label)

    def train(parameters, rows, num_boost_round):
        package.seen.append((parameters, num_boost_round))
        if not np.isfinite(rows.X).all():
            raise _Refused("not finite")
        booster = _Booster()
        booster.n_class = parameters["num_class"]
        return booster

    package.train = train
    monkeypatch.setitem(sys.modules, "xgboost", package)
    return package


def test_without_its_package_the_member_is_unavailable_with_the_pip_line_and_the_others_go_on(
    monkeypatch, table_of, small_recipe
):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(MissingExtra, match=r'pip install "augury\[xgboost\]"'):
        MEMBERS.load("xgboost")().fit(np.zeros((60, 2)), np.tile([-1, 1], 30))
    recipe = Recipe(members={"xgboost": {}, "gb": small_recipe.members["gb"]}, folds=3)
    fitted = fit_members(table_of(300).known(), recipe)
    status = {entry.name: entry.status for entry in fitted.entries}
    assert status == {"xgboost": "unavailable", "gb": "ready"}
    assert list(fitted.members) == ["gb"]


def test_the_package_is_asked_for_one_thread_one_seed_and_shares(stand_in):
    X = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
    member = MEMBERS.load("xgboost")(n_estimators=7, random_state=3).fit(X, np.tile([-1, 0, 1], 30))
    parameters, rounds = stand_in.seen[0]
    assert (rounds, parameters["nthread"], parameters["seed"]) == (7, 1, 3)
    assert (parameters["objective"], parameters["num_class"]) == ("multi:softprob", 3)
    assert member.predict_proba(X).sum(axis=1) == pytest.approx(1, abs=1e-12)


def test_what_was_saved_is_loaded_and_what_is_damaged_is_refused(stand_in, tmp_path):
    X = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
    kind = MEMBERS.load("xgboost")
    member = kind().fit(X, np.tile([-1, 0, 1], 30))
    member.save(tmp_path)
    assert np.array_equal(kind.load(tmp_path).predict_proba(X), member.predict_proba(X))
    for damage in ('{"other":1}', "{", ""):
        (tmp_path / "model.json").write_text(damage, encoding="utf-8")
        with pytest.raises(CorruptArtifact, match="cannot be read"):
            kind.load(tmp_path)


def test_a_single_class_needs_no_tree(stand_in, tmp_path):
    X = np.zeros((60, 2), np.float32)
    kind = MEMBERS.load("xgboost")
    kind().fit(X, np.ones(60, np.int8)).save(tmp_path)
    assert stand_in.seen == []
    assert kind.load(tmp_path).predict_proba(X[:2]).tolist() == [[1.0], [1.0]]
