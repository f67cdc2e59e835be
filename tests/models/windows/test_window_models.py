"""Models of windows answer only for what they had not seen, and the stack learns only from that."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from augury.core.errors import DataError, InsufficientHistory, NotTrained, SchemaMismatch, UnknownName
from augury.data.synthetic import SyntheticMarket
from augury.labels.windows import extract_windows
from augury.models.windows import Stack, answer_out_of_fold, window_model
from augury.models.windows.stack import meta_features


@pytest.fixture(scope="module")
def windows():
    """Windows whose label is the sign of the way the last ten bars went, so that it can be learnt."""
    found = extract_windows(SyntheticMarket(n_symbols=6, n_bars=2600, seed=3).bars(), stride=35)
    moved = found.prices[:, -1, 3] / found.prices[:, -10, 3] - 1
    label = pl.Series("label", np.where(moved > 0, "up", "down"))
    return type(found)(found.prices, found.frame.with_columns(label), found.timeframe, found.max_offset)


def test_a_learnable_label_is_learnt_and_a_shuffled_one_is_not(windows):
    said = answer_out_of_fold(windows, ["logreg"], folds=3)
    rows = said.answered
    hit = np.mean(said.proba["logreg"][rows].argmax(axis=1) == said.codes[rows])
    assert hit > 0.8
    mixed = np.random.default_rng(0).permutation(windows.frame["label"].to_numpy())
    noise = type(windows)(windows.prices, windows.frame.with_columns(pl.Series("label", mixed)), windows.timeframe)
    told = answer_out_of_fold(noise, ["logreg"], folds=3)
    chance = np.mean(told.proba["logreg"][told.answered].argmax(axis=1) == told.codes[told.answered])
    assert abs(chance - 0.5) < 3 * 0.5 / np.sqrt(told.answered.sum())


def test_rows_of_the_first_block_have_no_answer_rather_than_zeros(windows):
    said = answer_out_of_fold(windows, ["logreg"], folds=3)
    tested = np.zeros(len(windows), dtype=bool)
    for _, test in said.folds:
        tested[test] = True
    assert np.array_equal(said.answered, tested)
    assert np.isnan(said.proba["logreg"][~tested]).all()


def test_no_row_is_answered_by_a_model_that_saw_it_or_overlaps_it(windows):
    said = answer_out_of_fold(windows, ["logreg"], folds=3)
    first, last = windows.frame["start_ts"].to_numpy(), windows.frame["end_ts"].to_numpy()
    for past, test in said.folds:
        assert not set(past) & set(test)
        assert last[past].max() < first[test].min()


def test_the_stack_trusts_the_better_model_and_names_its_blocks(windows):
    said = answer_out_of_fold(windows, ["logreg"], folds=3)
    noise = np.random.default_rng(1).dirichlet([1, 1], len(windows))
    noise[~said.answered] = np.nan
    both = type(said)(said.classes, said.given, said.proba | {"noise": noise}, said.folds)
    stack = Stack(n_estimators=50).fit(both)
    rows = both.answered
    hit = np.mean(stack.predict_proba({k: v[rows] for k, v in both.proba.items()}).argmax(axis=1) == both.codes[rows])
    assert hit > 0.85
    assert stack.manifest_["rows"] == rows.sum()
    assert set(stack.manifest_["blocks"]) == {"logreg", "noise"}
    with pytest.raises(SchemaMismatch, match="learnt from logreg, noise"):
        stack.predict_proba({"logreg": noise})


def test_few_rows_are_given_to_logistic_regression_and_fewer_to_nobody(windows):
    said = answer_out_of_fold(windows, ["logreg"], folds=3)
    some = np.flatnonzero(said.answered)[:60]

    def only(rows):
        kept = np.full_like(said.proba["logreg"], np.nan)
        kept[rows] = said.proba["logreg"][rows]
        return type(said)(said.classes, said.given, {"logreg": kept}, said.folds)

    assert Stack().fit(only(some)).manifest_["kind"] == "LogisticRegression"
    with pytest.raises(InsufficientHistory, match="needs 20"):
        Stack().fit(only(some[:10]))


def test_the_meta_features_are_what_they_are_called():
    said = meta_features({"a": np.array([[0.9, 0.1]]), "b": np.array([[0.5, 0.5]])})
    assert said.shape == (1, 7)
    mean = np.array([0.7, 0.3])
    assert said[0, 4:].tolist() == pytest.approx([0.2, -(mean * np.log(mean)).sum(), 0.9])


def test_unknown_names_and_unlabelled_windows_are_refused(windows):
    with pytest.raises(UnknownName, match="did you mean 'logreg'"):
        window_model("logregg")
    with pytest.raises(NotTrained):
        window_model("logreg").predict_proba(windows.prices[:1])
    bare = type(windows)(windows.prices, windows.frame.with_columns(pl.lit(None, pl.String).alias("label")))
    with pytest.raises(DataError, match="have no label"):
        answer_out_of_fold(bare, ["logreg"])
