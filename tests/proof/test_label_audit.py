"""Wrong labels are found where models, which had not seen them, doubt them."""

from __future__ import annotations

import numpy as np
import pytest

from augury.core.errors import DataError, LeakError, UnknownName
from augury.proof.label_audit import audit

CLASSES = ("down", "up")


def flipped(seed: int, n: int = 1000, share: float = 0.10):
    """Two models that are right more often than not, and labels of which a tenth is turned round."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    wrong = rng.permutation(n)[: int(n * share)]
    given = truth.copy()
    given[wrong] = 1 - given[wrong]

    def model():
        sure = np.clip(rng.normal(0.8, 0.12, n), 0.05, 0.98)
        proba = np.empty((n, 2))
        proba[np.arange(n), truth] = sure
        proba[np.arange(n), 1 - truth] = 1 - sure
        return proba

    return {"a": model(), "b": model()}, given, wrong


@pytest.mark.parametrize("seed", range(5))
def test_seven_in_ten_flipped_labels_are_among_the_worst_fifteen_percent(seed):
    proba, given, wrong = flipped(seed)
    worst = audit(proba, given, CLASSES).table["row"].head(150).to_numpy()
    assert len(np.intersect1d(worst, wrong)) >= 0.7 * len(wrong)


def test_only_training_rows_are_cleaned_and_dropping_others_raises():
    proba, given, _ = flipped(0)
    found = audit(proba, given, CLASSES)
    train, validation = np.arange(700), np.arange(700, 1000)
    kept = found.cleaned(train)
    assert len(kept) < 700
    assert set(kept) <= set(train)
    found.refuse_dropping(validation, validation)
    with pytest.raises(LeakError, match="validation rows were dropped"):
        found.refuse_dropping(np.setdiff1d(validation, found.issues), validation)


def test_the_two_rules_mark_what_they_say():
    proba, given, _ = flipped(0)
    assert audit(proba, given, CLASSES, rule="worst").table["is_issue"].sum() == 100
    below = audit(proba, given, CLASSES, rule="below").table
    assert (below.filter("is_issue")["quality"] < 0.3).all()
    assert (below.filter(~below["is_issue"])["quality"] >= 0.3).all()
    with pytest.raises(UnknownName):
        audit(proba, given, CLASSES, rule="best")


def test_rows_nobody_answered_for_are_not_audited():
    proba, given, _ = flipped(0)
    proba["a"][:200] = np.nan
    found = audit(proba, given, CLASSES)
    assert found.table["row"].min() >= 200
    with pytest.raises(DataError, match="no model"):
        audit({}, given, CLASSES)
    with pytest.raises(DataError, match="none of 1000"):
        audit({"a": np.full((1000, 2), np.nan)}, given, CLASSES)
