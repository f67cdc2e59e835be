"""The ensemble: fitted out of fold, honest about missing members, the same after save and load."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from augury.core.errors import CorruptArtifact, InsufficientHistory, ModelError, SchemaMismatch
from augury.core.forecast import QUANTILES
from augury.core.hashing import sha256_file
from augury.core.recipe import Recipe
from augury.core.version import MemberEntry
from augury.models.ensemble.ensemble import Ensemble
from augury.models.training import OutOfFold, fit_members


@pytest.fixture(scope="module")
def table(table_of):
    return table_of(700, strength=1.0, horizon_bars=2)


@pytest.fixture(scope="module")
def train(table):
    return table.with_frame(table.frame[:500]).known()


@pytest.fixture(scope="module")
def fitted(train, small_recipe):
    return fit_members(train, small_recipe)


@pytest.fixture(scope="module")
def ensemble(fitted, small_recipe):
    return Ensemble.fit(fitted, small_recipe, fitted.train.spec)


@pytest.fixture(scope="module")
def later(table):
    return table.with_frame(table.frame[500:])


def same(one, other):
    arrays = ("proba", "raw_proba", "score", "codes", "expected_return")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays) and all(
        np.array_equal(one.quantiles[name], other.quantiles[name]) for name in QUANTILES
    )


def test_a_planted_signal_is_found_in_score_centre_and_probabilities(ensemble, later):
    known = later.known()
    answer = ensemble.predict(known)
    assert np.corrcoef(answer.score, known.forward_returns)[0, 1] > 0.3
    assert np.corrcoef(answer.expected_return, known.forward_returns)[0, 1] > 0.3
    assert ensemble.shrinkage.keep > 0.5
    assert ensemble.centre.slope > 0
    assert np.mean(answer.codes == known.y) > max(np.mean(known.y == code) for code in (-1, 0, 1)) + 0.05


def test_nothing_is_believed_of_members_that_know_nothing(fitted, small_recipe):
    rows, spec = fitted.out_of_fold.rows, fitted.train.spec
    kept, slopes = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        noise = OutOfFold(rows, {name: rng.dirichlet([2, 2, 2], len(rows)) for name in fitted.members})
        ensemble = Ensemble.fit(replace(fitted, out_of_fold=noise), small_recipe, spec)
        kept.append(ensemble.shrinkage.keep)
        slopes.append(ensemble.centre.slope)
    assert np.median(kept) == 0.0
    assert np.mean(kept) < 0.1
    assert np.median(slopes) == 0.0


def test_bands_of_unseen_rows_cover_what_they_say(ensemble, later):
    known = later.known()
    quantiles = ensemble.predict(known).quantiles
    inside = (known.forward_returns >= quantiles["q10"]) & (known.forward_returns <= quantiles["q90"])
    assert np.mean(inside) == pytest.approx(0.80, abs=0.12)
    ladder = np.column_stack([quantiles[name] for name in QUANTILES])
    assert (np.diff(ladder, axis=1) >= 0).all()
    assert np.array_equal(quantiles["q50"], ensemble.predict(known).expected_return)


def test_the_newest_row_is_answered_without_its_label_and_as_it_is_among_others(ensemble, later):
    assert later.frame["label"].null_count() == 2
    together, last = ensemble.predict(later), ensemble.predict(later.with_frame(later.frame.tail(1)))
    assert np.array_equal(last.proba[0], together.proba[-1])
    assert last.expected_return[0] == together.expected_return[-1]


def test_outcomes_are_not_read_when_predicting(ensemble, later):
    poisoned = later.with_frame(
        later.frame.with_columns(
            pl.lit(9.9).alias("fwd_ret"), pl.lit(-1, pl.Int8).alias("label"), pl.lit(None).alias("label_end")
        )
    )
    assert same(ensemble.predict(poisoned), ensemble.predict(later))


def test_probabilities_and_agreement_are_those_of_the_weighted_members(ensemble, later):
    answer = ensemble.predict(later)
    pooled = sum(weight * answer.members[name] for name, weight in ensemble.weights.items())
    assert answer.raw_proba == pytest.approx(pooled)
    assert answer.proba.sum(axis=1) == pytest.approx(1, abs=1e-12)
    votes = sum(w * (answer.members[n].argmax(axis=1) - 1 == answer.codes) for n, w in ensemble.weights.items())
    assert answer.agreement == pytest.approx(votes)
    assert answer.score == pytest.approx(pooled[:, 2] - pooled[:, 0])


def test_a_single_member_has_no_agreement(train, later):
    recipe = Recipe(members={"rf": {"n_estimators": 5}}, folds=2)
    ensemble = Ensemble.fit(fit_members(train, recipe), recipe, train.spec)
    assert ensemble.weights == {"rf": 1.0}
    assert ensemble.predict(later).agreement is None


def test_weights_and_calibration_are_fitted_on_rows_no_member_saw_and_never_on_the_report_slice(fitted, small_recipe):
    first = int(fitted.out_of_fold.rows[0])
    frame = fitted.train.frame.with_row_index("at")
    poisoned = frame.with_columns(
        pl.when(pl.col("at") < first).then(-pl.col("label")).otherwise(pl.col("label")).alias("label"),
        pl.when(pl.col("at") < first).then(9.9).otherwise(pl.col("fwd_ret")).alias("fwd_ret"),
    ).drop("at")
    again = Ensemble.fit(replace(fitted, train=fitted.train.with_frame(poisoned)), small_recipe, fitted.train.spec)
    clean = Ensemble.fit(fitted, small_recipe, fitted.train.spec)
    assert (again.weights, again.centre, again.bands, again.shrinkage) == (
        clean.weights, clean.centre, clean.bands, clean.shrinkage,
    )  # fmt: skip


def test_out_of_fold_scores_come_from_out_of_fold_answers(ensemble, fitted, train):
    rows, answer = ensemble.out_of_fold_prediction()
    assert np.array_equal(rows, fitted.out_of_fold.rows)
    assert np.array_equal(answer.members["rf"], fitted.out_of_fold.proba["rf"])
    in_sample = ensemble.predict(train).codes[rows]
    assert np.mean(answer.codes == train.y[rows]) < np.mean(in_sample == train.y[rows])


RELOAD = """
import sys
from pathlib import Path
import numpy as np
from augury.models.ensemble.ensemble import Ensemble
ensemble = Ensemble.load(Path(sys.argv[1]))
ensemble.save(Path(sys.argv[2]))
"""


def folder_hashes(folder):
    return {str(path.relative_to(folder)): sha256_file(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def test_save_and_load_keep_every_bit_also_in_a_fresh_process(ensemble, later, tmp_path):
    ensemble.save(tmp_path / "v1")
    subprocess.run(
        [sys.executable, "-W", "error", "-c", RELOAD, str(tmp_path / "v1"), str(tmp_path / "v2")], check=True
    )
    assert folder_hashes(tmp_path / "v1") == folder_hashes(tmp_path / "v2")
    loaded = Ensemble.load(tmp_path / "v2")
    assert same(loaded.predict(later), ensemble.predict(later))
    assert loaded.weights == ensemble.weights
    assert (loaded.centre, loaded.bands, loaded.shrinkage) == (ensemble.centre, ensemble.bands, ensemble.shrinkage)
    assert (loaded.spec, loaded.features.hash) == (ensemble.spec, ensemble.features.hash)


def test_training_twice_writes_the_same_bytes(train, small_recipe, ensemble, tmp_path):
    Ensemble.fit(fit_members(train, small_recipe), small_recipe, train.spec).save(tmp_path / "again")
    ensemble.save(tmp_path / "first")
    assert folder_hashes(tmp_path / "again") == folder_hashes(tmp_path / "first")


def test_a_loaded_ensemble_has_no_out_of_fold_answers(ensemble, tmp_path):
    ensemble.save(tmp_path)
    with pytest.raises(ModelError, match="belong to the training run"):
        Ensemble.load(tmp_path).out_of_fold_prediction()


def test_a_missing_member_file_is_refused_or_dropped_with_the_stored_weights_renormalised(ensemble, later, tmp_path):
    ensemble.save(tmp_path)
    shutil.rmtree(tmp_path / "members" / "gb")
    with pytest.raises(CorruptArtifact, match="gb"):
        Ensemble.load(tmp_path)
    loaded = Ensemble.load(tmp_path, allow_missing=True)
    assert loaded.degraded
    assert loaded.events[-1]["member"] == "gb"
    rest = {name: weight for name, weight in ensemble.weights.items() if name != "gb"}
    assert loaded.weights == pytest.approx({name: weight / sum(rest.values()) for name, weight in rest.items()})
    answer, whole = loaded.predict(later), ensemble.predict(later)
    assert answer.raw_proba == pytest.approx(sum(loaded.weights[name] * whole.members[name] for name in rest))


def test_an_ensemble_without_any_readable_member_is_corrupt(ensemble, tmp_path):
    ensemble.save(tmp_path)
    shutil.rmtree(tmp_path / "members")
    with pytest.raises(CorruptArtifact, match="no member can be read"):
        Ensemble.load(tmp_path, allow_missing=True)


@pytest.mark.parametrize("damage", ["cut", "no weights", "weights", "format", "gone"])
def test_a_damaged_description_is_a_corrupt_artifact(ensemble, tmp_path, damage):
    ensemble.save(tmp_path)
    place = tmp_path / "ensemble.json"
    record = json.loads(place.read_text())
    if damage == "cut":
        place.write_text(place.read_text()[:100])
    elif damage == "gone":
        place.unlink()
    else:
        change = {"no weights": {"weights": {}}, "weights": {"weights": dict.fromkeys(record["members"], 0.9)}}
        place.write_text(json.dumps(record | change.get(damage, {"format": 99})))
    with pytest.raises(CorruptArtifact, match=r"ensemble\.json"):
        Ensemble.load(tmp_path)


class Broken:
    """A member that raises when asked."""

    classes_ = np.array([-1, 0, 1])

    def predict_proba(self, X):
        raise ValueError("out of order")


class Neutral:
    """A member whose answer is not a distribution."""

    classes_ = np.array([-1, 0, 1])

    def predict_proba(self, X):
        return np.full((len(X), 3), np.nan)


@pytest.mark.parametrize("kind", [Broken, Neutral])
def test_a_member_that_fails_when_asked_is_left_out_and_named_never_neutral(ensemble, later, kind):
    killed = replace(ensemble, members=ensemble.members | {"rf": kind()})
    answer, dropped = killed.predict_with_status(later)
    assert dropped == ("rf",)
    assert "rf" not in answer.members
    rest = {name: weight for name, weight in ensemble.weights.items() if name != "rf"}
    total = sum(rest.values())
    assert answer.raw_proba == pytest.approx(sum(w / total * answer.members[n] for n, w in rest.items()))
    assert ensemble.predict_with_status(later)[1] == ()


def test_when_no_member_answers_there_is_an_error_not_a_neutral_forecast(ensemble, later):
    dead = replace(ensemble, members=dict.fromkeys(ensemble.members, Broken()))
    with pytest.raises(ModelError, match="none of the members"):
        dead.predict(later)


def test_a_member_missing_from_training_makes_the_ensemble_degraded(fitted, small_recipe):
    failed = MemberEntry("lstm", "unavailable", "torch is not installed")
    made = Ensemble.fit(replace(fitted, entries=(*fitted.entries, failed)), small_recipe, fitted.train.spec)
    assert made.degraded
    assert made.events[-1] == {"event": "unavailable", "member": "lstm", "reason": "torch is not installed"}


def test_other_features_are_refused_not_filled(ensemble, later):
    kept = replace(later.manifest, features=tuple(f for f in later.manifest.features if f.name != "f3"))
    without = replace(later, frame=later.frame.drop("f3"), manifest=kept)
    with pytest.raises(SchemaMismatch, match=r"missing \['f3'\]"):
        ensemble.predict(without)
    newer = replace(later.manifest, features=tuple(replace(f, version=2) for f in later.manifest.features))
    with pytest.raises(SchemaMismatch, match="formulas of the features changed"):
        ensemble.predict(replace(later, manifest=newer))


@pytest.mark.parametrize("column", ["f2", "vol"])
def test_a_row_that_is_not_fully_known_is_refused(ensemble, later, column):
    holed = later.with_frame(later.frame.with_columns(pl.lit(None, later.frame[column].dtype).alias(column)))
    with pytest.raises(InsufficientHistory, match="known"):
        ensemble.predict(holed)


def test_a_band_only_ensemble_answers_frequencies_drift_and_volatility_bands(table_of, tmp_path):
    table = table_of(200, horizon_bars=20)
    train = table.known()
    ensemble = Ensemble.band_only(train, train.spec)
    answer = ensemble.predict(table.with_frame(table.frame.tail(3)))
    shares = [np.mean(train.y == code) for code in (-1, 0, 1)]
    assert answer.proba[0] == pytest.approx(shares, abs=0.02)
    assert (ensemble.weights, answer.members, answer.agreement) == ({}, {}, None)
    assert abs(ensemble.centre.drift) <= abs(train.forward_returns.mean())
    assert answer.quantiles["q90"] - answer.expected_return == pytest.approx(1.281552 * 0.01 * np.sqrt(20), abs=1e-6)
    rows, empty = ensemble.out_of_fold_prediction()
    assert len(rows) == len(empty.codes) == 0
    ensemble.save(tmp_path)
    assert same(Ensemble.load(tmp_path).predict(table), ensemble.predict(table))


def test_a_member_that_answers_its_probe_otherwise_is_refused_or_left_out(ensemble, tmp_path):
    ensemble.save(tmp_path)
    record = json.loads((tmp_path / "ensemble.json").read_text())
    name = next(iter(record["probe"]["answers"]))
    record["probe"]["answers"][name][0] += 1e-6
    (tmp_path / "ensemble.json").write_text(json.dumps(record))
    with pytest.raises(CorruptArtifact, match=f"member {name} answers"):
        Ensemble.load(tmp_path)
    rest = Ensemble.load(tmp_path, allow_missing=True)
    assert name not in rest.weights
    assert rest.degraded
