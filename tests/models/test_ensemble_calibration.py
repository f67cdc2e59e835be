"""The recipe chooses how probabilities are calibrated; below the least number of outcomes they are raw and say so."""

from __future__ import annotations

import numpy as np
import pytest

from augury.core.metrics.classification import log_loss
from augury.models.ensemble.ensemble import Ensemble
from augury.models.ensemble.isotonic import OUTCOMES_MIN
from augury.models.training import fit_members


@pytest.fixture(scope="module")
def both(table_of):
    """The same members, calibrated either way, and rows they had not seen."""
    from augury.core.recipe import Recipe

    table = table_of(1600, strength=1.0, horizon_bars=2)
    train = table.with_frame(table.frame[:1200]).known()
    recipe = Recipe(members={"logreg": {}, "rf": {"n_estimators": 20}}, folds=3)
    fitted = fit_members(train, recipe)
    made = {
        name: Ensemble.fit(fitted, recipe.replace(calibration=name), train.spec) for name in ("shrinkage", "isotonic")
    }
    return made, table.with_frame(table.frame[1202:]).known()


def test_isotonic_stands_in_the_place_of_shrinkage_and_changes_probabilities_only(both):
    made, later = both
    plain, curved = (made[name].predict(later) for name in ("shrinkage", "isotonic"))
    assert not made["isotonic"].raw
    assert not np.array_equal(plain.proba, curved.proba)
    assert curved.proba.sum(axis=1) == pytest.approx(1)
    assert np.array_equal(plain.raw_proba, curved.raw_proba)
    assert np.array_equal(plain.expected_return, curved.expected_return)
    frequencies = np.tile(made["shrinkage"].shrinkage.prior, (len(later), 1))
    assert log_loss(later.y, curved.proba) < 0.95 * log_loss(later.y, frequencies)


def test_below_the_least_number_of_outcomes_the_answer_is_the_members_own_and_flagged_raw(table_of, small_recipe):
    train = table_of(700, strength=1.0, horizon_bars=5).known()
    recipe = small_recipe.replace(members={"logreg": {}}, calibration="isotonic")
    ensemble = Ensemble.fit(fit_members(train, recipe), recipe, train.spec)
    assert ensemble.raw
    answer = ensemble.predict(train)
    assert np.array_equal(answer.proba, answer.raw_proba)
    (event,) = [event for event in ensemble.events if event["event"] == "raw"]
    assert event["n_eff"] < event["needs"] == OUTCOMES_MIN
    assert not Ensemble.fit(fit_members(train, recipe), small_recipe, train.spec).raw


def test_curves_survive_save_and_load_bit_for_bit(both, tmp_path):
    made, later = both
    made["isotonic"].save(tmp_path)
    loaded = Ensemble.load(tmp_path)
    assert loaded.isotonic == made["isotonic"].isotonic
    assert np.array_equal(loaded.predict(later).proba, made["isotonic"].predict(later).proba)
