"""What every member of the catalogue must do, generated from the catalogue.

A new member is one file in ``models/tabular``; it is tested here without a line being added, unless
it needs smaller settings to be quick (``QUICK``) or fails a scikit-learn check for a reason (``EXCEPTIONS``).
"""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

from augury.core.errors import CorruptArtifact
from augury.core.hashing import sha256_file
from augury.models import MEMBERS

QUICK = {
    "rf": {"n_estimators": 30},
    "gb": {"n_estimators": 30, "max_depth": 3},
    "lgbm": {"n_estimators": 200, "learning_rate": 0.05, "patience": 30},
    "xgboost": {"n_estimators": 40},
}
TINY = {
    "rf": {"n_estimators": 5},
    "gb": {"n_estimators": 5},
    "lgbm": {"n_estimators": 5, "learning_rate": 0.3, "patience": 5},
    "xgboost": {"n_estimators": 5},
}
EXCEPTIONS: dict[str, dict[str, str]] = {}
"""Member to {scikit-learn check: why it does not apply}."""


def installed(name):
    """Whether the package a member of an extra names is there; without it the member only refuses, by name."""
    package = getattr(MEMBERS.load(name), "package", None)
    return package is None or importlib.util.find_spec(package) is not None


NAMES = [name for name in MEMBERS.names() if installed(name)]


def market(strength, n=900, seed=0):
    """Rows in time order whose class leans on the first column; ``strength`` 0 is pure noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6)).astype(np.float32)
    hidden = strength * X[:, 0] + rng.normal(size=n)
    return X, (hidden > 0.6).astype(np.int8) - (hidden < -0.6).astype(np.int8)


def quick(name, **settings):
    return MEMBERS.load(name)(**QUICK.get(name, {}) | settings)


@pytest.fixture(scope="module", params=NAMES)
def fitted(request):
    X, y = market(1.5)
    return request.param, quick(request.param).fit(X[:600], y[:600]), X, y


def test_the_catalogue_holds_the_three_members_of_the_default_recipe():
    assert {"rf", "gb", "lgbm"} <= set(NAMES)


def test_a_member_learns_a_planted_signal(fitted):
    _, member, X, y = fitted
    majority = max(np.mean(y[600:] == code) for code in (-1, 0, 1))
    assert np.mean(member.predict(X[600:]) == y[600:]) > majority + 0.15
    proba = member.predict_proba(X[600:])
    assert np.corrcoef(proba[:, 2] - proba[:, 0], X[600:, 0])[0, 1] > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_a_member_finds_nothing_in_noise(name):
    hits = []
    for seed in range(3):
        X, y = market(0.0, seed=seed)
        proba = quick(name).fit(X[:600], y[:600]).predict_proba(X[600:])
        hits.append(np.corrcoef(proba[:, 2] - proba[:, 0], y[600:])[0, 1] if np.ptp(proba) else 0.0)
    assert abs(np.nanmean(hits)) < 1.96 / np.sqrt(900) * 1.5


def test_shuffled_labels_are_not_learned(fitted):
    name, _, X, y = fitted
    shuffled = np.random.default_rng(1).permutation(y[:600])
    answer = quick(name).fit(X[:600], shuffled).predict(X[600:])
    share = np.mean(answer == y[600:])
    chance = sum(np.mean(answer == code) * np.mean(y[600:] == code) for code in (-1, 0, 1))
    assert abs(share - chance) < 3 * np.sqrt(0.25 / 300)


def test_probabilities_are_a_distribution_over_the_classes_seen(fitted):
    _, member, X, _ = fitted
    proba = member.predict_proba(X[600:])
    assert member.classes_.tolist() == [-1, 0, 1]
    assert proba.shape == (300, 3)
    assert proba.dtype == np.float64
    assert (proba >= 0).all()
    assert proba.sum(axis=1) == pytest.approx(1, abs=1e-12)


def test_the_output_depends_on_the_input(fitted):
    _, member, X, _ = fitted
    assert np.ptp(member.predict_proba(X[600:]), axis=0).min() > 0.05


def test_one_row_is_answered_as_it_is_among_others_to_the_bit(fitted):
    _, member, X, _ = fitted
    together = member.predict_proba(X[600:])
    alone = np.vstack([member.predict_proba(X[at : at + 1]) for at in range(600, 620)])
    assert np.array_equal(alone, together[:20])


def test_a_later_row_changes_no_earlier_answer(fitted):
    _, member, X, _ = fitted
    poisoned = X[600:].copy()
    poisoned[150:] = 1e6
    assert np.array_equal(member.predict_proba(poisoned)[:150], member.predict_proba(X[600:])[:150])


def test_the_same_seed_gives_the_same_model_and_another_seed_is_allowed_to_differ(fitted):
    name, member, X, y = fitted
    again = clone(member).fit(X[:600], y[:600])
    assert np.array_equal(again.predict_proba(X[600:]), member.predict_proba(X[600:]))
    assert again.facts() == member.facts()
    quick(name, random_state=7).fit(X[:600], y[:600])


RELOAD = """
import json, sys
from pathlib import Path
import numpy as np
from augury.models import MEMBERS
said = {}
for name in sys.argv[2:]:
    folder = Path(sys.argv[1]) / name
    member = MEMBERS.load(name).load(folder / "saved")
    X = np.load(folder / "rows.npy", allow_pickle=False)
    np.save(folder / "answers.npy", member.predict_proba(X), allow_pickle=False)
    (folder / "again").mkdir()
    member.save(folder / "again")
    said[name] = {"classes": member.classes_.tolist(), "facts": member.facts()}
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def reloaded(tmp_path_factory):
    """Every member, saved here, loaded and asked by one fresh process: the folder and what that process said."""
    folder = tmp_path_factory.mktemp("members")
    X, y = market(1.5)
    for name in NAMES:
        (folder / name / "saved").mkdir(parents=True)
        quick(name).fit(X[:600], y[:600]).save(folder / name / "saved")
        np.save(folder / name / "rows.npy", X[600:], allow_pickle=False)
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", RELOAD, str(folder), *NAMES], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return folder, json.loads(ran.stdout)


def test_a_member_survives_save_and_load_in_a_fresh_process_bit_for_bit(fitted, reloaded):
    (name, member, X, _), (folder, said) = fitted, reloaded
    kept = folder / name
    assert np.array_equal(np.load(kept / "answers.npy", allow_pickle=False), member.predict_proba(X[600:]))
    assert said[name] == {"classes": [-1, 0, 1], "facts": member.facts()}
    first = {path.name: sha256_file(path) for path in (kept / "saved").iterdir()}
    assert first == {path.name: sha256_file(path) for path in (kept / "again").iterdir()}


def test_files_are_in_formats_that_execute_nothing(fitted, tmp_path):
    _, member, _, _ = fitted
    member.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".txt", ".safetensors"}
    assert not any(
        path.read_bytes().startswith(b"\x80") for path in tmp_path.iterdir() if path.suffix != ".safetensors"
    )


def test_a_damaged_or_missing_file_is_a_corrupt_artifact(fitted, tmp_path):
    _, member, _, _ = fitted
    member.save(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        whole = path.read_bytes()
        for damage in (whole[: len(whole) // 2], b""):
            path.write_bytes(damage)
            with pytest.raises(CorruptArtifact, match="cannot be read"):
                type(member).load(tmp_path)
        path.unlink()
        with pytest.raises(CorruptArtifact):
            type(member).load(tmp_path)
        path.write_bytes(whole)
    assert type(member).load(tmp_path).facts() == member.facts()


@pytest.mark.parametrize("name", NAMES)
def test_a_single_class_in_training_is_answered_with_that_class(name, tmp_path):
    X, _ = market(0.0, n=120)
    member = quick(name).fit(X, np.ones(120, np.int8))
    assert member.predict_proba(X[:3]).tolist() == [[1.0]] * 3
    member.save(tmp_path)
    assert type(member).load(tmp_path).predict(X[:3]).tolist() == [1, 1, 1]


@pytest.mark.parametrize("name", NAMES)
def test_missing_numbers_are_refused_not_filled(name):
    X, y = market(1.0, n=120)
    holed = X.copy()
    holed[5, 2] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        quick(name).fit(holed, y)
    with pytest.raises(ValueError, match="NaN"):
        quick(name).fit(X, y).predict_proba(holed)


@pytest.mark.parametrize("name", NAMES)
def test_a_member_passes_the_checks_of_scikit_learn(name):
    expected = EXCEPTIONS.get(name, {})
    results = check_estimator(
        MEMBERS.load(name)(**TINY.get(name, {})), expected_failed_checks=expected, on_skip=None, on_fail="raise"
    )
    assert {result["check_name"] for result in results if result["status"] == "xfail"} == set(expected)
