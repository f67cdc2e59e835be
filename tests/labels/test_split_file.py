"""Split files, folds of windows, and the strategies that are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from augury.core.errors import DataError, InsufficientHistory, LeakError, NotFound, UnknownName, UsageError
from augury.core.tables import LabelledTable
from augury.data.synthetic import SyntheticMarket
from augury.labels import (
    CombinatorialPurged,
    WalkForward,
    Windows,
    extract_windows,
    forward_folds,
    read_split,
    split_of,
    splitter,
    write_split,
)
from augury.labels.splits.files import Fold, SplitFile
from augury.labels.windows.folds import refuse_straddling


@pytest.fixture(scope="module")
def windows() -> Windows:
    return extract_windows(SyntheticMarket(n_symbols=3, n_bars=1500).bars())


def put(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value))
    return path


REFUSED = ["random", "Random Split", "shuffle", "ShuffleSplit", "stratified", "Stratified K-Fold", "KFold", "kfold",
           "k-fold", "K Fold", "k_fold", "GroupKFold", "RepeatedKFold", "randomised"]  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_strategies_that_mix_past_and_future_are_refused_in_any_spelling(
    name: str, tmp_path: Path, six_hundred: LabelledTable
) -> None:
    with pytest.raises(LeakError, match=f"splitting by '{name}' is refused: \\w+"):
        splitter(name)
    file = put(tmp_path / "s.json", {"strategy": name, "train_idx": [0, 1], "test_idx": [5]})
    with pytest.raises(LeakError, match="refused"):
        read_split(file)
    with pytest.raises(LeakError, match="refused"):
        split_of(six_hundred, name, [(np.array([0]), np.array([50]))])


def test_a_split_that_was_shuffled_is_refused_whatever_it_is_called(tmp_path: Path) -> None:
    value = {"strategy": "walk_forward", "shuffle": True, "train_idx": [0], "test_idx": [5]}
    with pytest.raises(LeakError, match="'shuffle' is refused"):
        read_split(put(tmp_path / "s.json", value))


def test_allowed_strategies_are_found_and_others_get_the_near_name() -> None:
    assert splitter("Combinatorial-Purged") is CombinatorialPurged
    assert splitter("WalkForward") is WalkForward
    assert splitter("forward_windows") is forward_folds
    with pytest.raises(UnknownName, match="did you mean 'combinatorial_purged'"):
        splitter("combinatorial_purge")


@pytest.mark.parametrize("way", [WalkForward(4), CombinatorialPurged()])
def test_splits_survive_their_file_and_its_bytes_are_stable(
    panel: LabelledTable, tmp_path: Path, way: WalkForward | CombinatorialPurged
) -> None:
    name = "walk_forward" if isinstance(way, WalkForward) else "combinatorial_purged"
    split = split_of(panel, name, way.split(panel), {"folds": 4})
    write_split(split, tmp_path / "a.json")
    back = read_split(tmp_path / "a.json")
    back.check(panel)
    write_split(back, tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert back.settings == {"folds": 4}
    assert (back.strategy, back.data_hash, back.n_rows) == (name, split.data_hash, len(panel))
    for mine, (train, test) in zip(back.folds, way.split(panel), strict=True):
        assert np.array_equal(mine.train, train)
        assert np.array_equal(mine.test, test)


def test_the_file_keeps_ranges_not_every_row(six_hundred: LabelledTable, tmp_path: Path) -> None:
    write_split(split_of(six_hundred, "walk_forward", WalkForward(2).split(six_hundred)), tmp_path / "s.json")
    value = json.loads((tmp_path / "s.json").read_text())
    assert value["folds"][0] == {"train": [[0, 195]], "valid": [], "test": [[200, 400]]}


OLD = [
    {"train_idx": [0, 1, 2], "val_idx": [10, 11], "test_idx": [20, 21]},
    {"train_idx": [0, 1, 2], "valid_idx": [10, 11], "test_idx": [20, 21]},
    {"train_indices": [0, 1, 2], "validation_idx": [10, 11], "test_indices": [20, 21]},
]


@pytest.mark.parametrize("fold", OLD)
@pytest.mark.parametrize("wrap", [lambda f: f, lambda f: [f], lambda f: {"folds": [f]}, lambda f: {"splits": [f]}])
def test_old_files_with_idx_keys_are_read(
    tmp_path: Path, fold: dict, wrap: Callable, six_hundred: LabelledTable
) -> None:
    split = read_split(put(tmp_path / "old.json", wrap(fold)))
    (found,) = split.folds
    assert (found.train.tolist(), found.valid.tolist(), found.test.tolist()) == ([0, 1, 2], [10, 11], [20, 21])
    split.check(six_hundred)


def test_of_an_old_file_with_two_sides_the_second_scores(tmp_path: Path, six_hundred: LabelledTable) -> None:
    split = read_split(put(tmp_path / "old.json", {"train_idx": list(range(50)), "val_idx": list(range(55, 60))}))
    assert split.folds[0].test.tolist() == [55, 56, 57, 58, 59]
    split.check(six_hundred)
    close = read_split(put(tmp_path / "old.json", {"train_idx": list(range(50)), "val_idx": list(range(54, 60))}))
    with pytest.raises(LeakError, match="1 labels reach the scored time, first row 49"):
        close.check(six_hundred)


def test_an_old_file_that_was_shuffled_in_secret_is_found_by_its_rows(
    tmp_path: Path, six_hundred: LabelledTable
) -> None:
    rows = np.random.default_rng(0).permutation(600)
    file = put(tmp_path / "old.json", {"train_idx": rows[:400].tolist(), "test_idx": rows[400:].tolist()})
    with pytest.raises(LeakError, match=r"label_end\(train\) < test start"):
        read_split(file).check(six_hundred)


def test_a_split_of_other_rows_is_refused(six_hundred: LabelledTable) -> None:
    split = split_of(six_hundred, "walk_forward", WalkForward(2).split(six_hundred))
    with pytest.raises(DataError, match="row numbers mean other rows"):
        split.check(six_hundred.with_frame(six_hundred.frame.reverse()))
    longer = six_hundred.frame.with_columns(pl.col("label_end") + timedelta(days=1))
    with pytest.raises(DataError, match="row numbers mean other rows"):
        split.check(six_hundred.with_frame(longer))


@pytest.mark.parametrize(
    ("fold", "error", "words"),
    [
        (Fold(np.arange(0, 196), np.arange(200, 300)), LeakError, "label_end"),
        (Fold(np.arange(300, 400), np.arange(0, 100)), LeakError, "label_end"),
        (Fold(np.arange(0, 100), np.arange(50, 150)), LeakError, "rows twice"),
        (Fold(np.arange(0, 100), np.arange(600, 700)), DataError, "the table has 605 rows"),
        (Fold(np.arange(595, 605), np.arange(0, 3)), LeakError, "have no outcome yet"),
        (Fold(np.arange(0, 100), np.arange(300, 400), np.arange(102, 200)), LeakError, "label_end"),
        (Fold(np.arange(0, 100), np.arange(300, 400), np.arange(200, 299)), LeakError, "valid: 4 labels"),
    ],
)
def test_a_fold_that_leaks_is_refused(six_hundred: LabelledTable, fold: Fold, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        SplitFile("walk_forward", (fold,)).check(six_hundred)


def test_a_combinatorial_fold_may_train_behind_its_test_rows_but_not_touch_them(six_hundred: LabelledTable) -> None:
    def check(train: np.ndarray) -> None:
        SplitFile("combinatorial_purged", (Fold(train, np.arange(200, 300)),)).check(six_hundred)

    check(np.concatenate([np.arange(0, 195), np.arange(305, 600)]))
    for touching in (np.arange(0, 196), np.arange(304, 600)):
        with pytest.raises(LeakError, match="label_end"):
            check(touching)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "not JSON"),
        ("[]", "no fold"),
        ('{"train_idx": [0]}', "needs train and test"),
        ('{"train_idx": "0-9", "test_idx": [1]}', "not a list"),
        ('{"train_idx": [0.5], "test_idx": [1]}', "no row number"),
        ('{"train_idx": [-1], "test_idx": [1]}', "no row number"),
        ('{"train_idx": [true], "test_idx": [1]}', "no row number"),
        ('{"folds": [7]}', "not an object"),
    ],
)
def test_a_file_that_is_no_split_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(DataError, match=words):
        read_split(tmp_path / "s.json")


def test_a_missing_split_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no split file .*s\.json"):
        read_split(tmp_path / "s.json")


def test_folds_of_windows_share_no_bar_across_the_border(windows: Windows) -> None:
    start, end = windows.frame["start_ts"], windows.frame["end_ts"]
    folds = forward_folds(windows, 4)
    assert len(folds) == 4
    for train, test in folds:
        assert end[train].max() < start[test].min()
        refuse_straddling(windows, train, test)
    tested = np.concatenate([test for _, test in folds])
    assert len(tested) == len(np.unique(tested))
    assert start[tested].min() > start.min()


def test_overlapping_windows_that_straddle_a_border_are_refused(windows: Windows) -> None:
    order = np.argsort(windows.frame["end_ts"].to_numpy(), kind="stable")
    half = len(order) // 2
    with pytest.raises(LeakError, match="never straddle a border"):
        refuse_straddling(windows, order[:half], order[half:])
    with pytest.raises(LeakError, match="label_end"):
        split_of(windows, "forward_windows", [(order[:half], order[half:])])


def test_a_split_of_windows_survives_its_file(windows: Windows, tmp_path: Path) -> None:
    split = split_of(windows, "forward_windows", forward_folds(windows))
    write_split(split, tmp_path / "w.json")
    read_split(tmp_path / "w.json").check(windows)
    with pytest.raises(DataError, match="other rows"):
        read_split(tmp_path / "w.json").check(windows.take(np.arange(10)))


def test_too_few_windows_and_zero_folds_are_refused(windows: Windows) -> None:
    with pytest.raises(InsufficientHistory, match="none to train on"):
        forward_folds(windows.take(np.arange(3)), 2)
    with pytest.raises(UsageError, match="folds=0"):
        forward_folds(windows, 0)
