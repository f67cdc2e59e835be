"""Combinatorial purged cross-validation: splits, paths, and nothing that overlaps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import combinations

import numpy as np
import polars as pl
import pytest

from augury.core.errors import InsufficientHistory, LeakError, UsageError
from augury.core.tables import LabelledTable
from augury.labels import CombinatorialPurged


def assert_apart(table: LabelledTable, train: np.ndarray, test: np.ndarray) -> None:
    """No train row's time from start to outcome shares a moment with a tested row's."""
    starts, ends = table.frame["ts"].to_physical().to_numpy(), table.frame["label_end"].to_physical().to_numpy()
    for row in test:
        assert not ((starts[train] <= ends[row]) & (ends[train] >= starts[row])).any()


def test_six_groups_two_at_a_time_give_fifteen_splits_and_five_paths(six_hundred: LabelledTable) -> None:
    way = CombinatorialPurged()
    pairs = list(way.split(six_hundred))
    assert (way.n_splits, way.n_paths, len(pairs)) == (15, 5, 15)
    assert way.held_out == list(combinations(range(6), 2))
    assert all(len(test) == 200 for _, test in pairs)


def test_no_train_label_overlaps_a_tested_one(six_hundred: LabelledTable) -> None:
    for train, test in CombinatorialPurged().split(six_hundred):
        assert_apart(six_hundred, train, test)
        assert not set(train) & set(test)


def test_in_a_ragged_panel_nothing_overlaps_and_borders_are_shared(panel: LabelledTable) -> None:
    for train, test in CombinatorialPurged(5, 2).split(panel):
        assert_apart(panel, train, test)
        dates = [set(panel.frame["ts"][rows]) for rows in (train, test)]
        assert not dates[0] & dates[1]


def test_purge_and_embargo_leave_out_exactly_the_rows_they_must(six_hundred: LabelledTable) -> None:
    first = next(iter(CombinatorialPurged(6, 1).split(six_hundred)))
    assert (first[1][0], first[1][-1]) == (0, 99)
    # The last tested label reads row 104; an embargo of the horizon leaves out 105 to 109.
    assert first[0][0] == 110
    middle = list(CombinatorialPurged(6, 1, embargo_bars=30).split(six_hundred))[2]
    assert (middle[1][0], middle[1][-1]) == (200, 299)
    assert middle[0][middle[0] < 200].max() == 194
    assert middle[0][middle[0] > 299].min() == 305 + 30


def test_every_path_answers_every_labelled_row_exactly_once(panel: LabelledTable) -> None:
    way = CombinatorialPurged()
    pairs = list(way.split(panel))
    joined = way.join(panel, [test.astype(float) for _, test in pairs])
    known = panel.frame["label"].is_not_null().to_numpy()
    assert joined.shape == (5, len(panel))
    for path in joined:
        assert np.array_equal(path[known], np.flatnonzero(known))
        assert np.isnan(path[~known]).all()


def test_each_split_answers_for_each_of_its_groups_in_one_path(six_hundred: LabelledTable) -> None:
    way = CombinatorialPurged()
    used = [(split, group) for path in way.paths for group, split in enumerate(path)]
    assert len(used) == len(set(used)) == 30
    assert {(split, group) for split, chosen in enumerate(way.held_out) for group in chosen} == set(used)
    answers = [np.full(len(test), at) for at, (_, test) in enumerate(way.split(six_hundred))]
    joined = way.join(six_hundred, answers)
    for path, splits in zip(joined, way.paths, strict=True):
        assert [int(path[100 * group]) for group in range(6)] == list(splits)


def test_a_label_longer_than_its_spec_says_is_still_purged(six_hundred: LabelledTable) -> None:
    longer = six_hundred.with_frame(six_hundred.frame.with_columns(pl.col("label_end") + timedelta(days=30)))
    for train, test in CombinatorialPurged().split(longer):
        assert_apart(longer, train, test)


def test_an_embargo_shorter_than_the_horizon_or_in_calendar_time_is_a_leak(
    make_table: Callable, make_closes: Callable
) -> None:
    table = make_table(make_closes("AAA", 400, 1), 20)
    with pytest.raises(LeakError, match="embargo_bars=14 is shorter than the label's 20"):
        list(CombinatorialPurged(embargo_bars=14).split(table))
    for embargo in (timedelta(days=20), 2.5, True, -1):
        with pytest.raises(LeakError, match="trading dates"):
            CombinatorialPurged(embargo_bars=embargo)


def test_impossible_settings_and_short_histories_are_refused(six_hundred: LabelledTable) -> None:
    for groups, held in ((1, 1), (6, 6), (6, 0)):
        with pytest.raises(UsageError, match=f"test_groups={held} of groups={groups}"):
            CombinatorialPurged(groups, held)
    with pytest.raises(InsufficientHistory, match="59 labelled dates"):
        list(CombinatorialPurged().split(six_hundred.with_frame(six_hundred.frame[:59])))
    with pytest.raises(InsufficientHistory, match="train dates are left"):
        list(CombinatorialPurged(6, 5, embargo_bars=95).split(six_hundred))
    with pytest.raises(UsageError, match="14 arrays of answers for 15 splits"):
        CombinatorialPurged().join(six_hundred, [np.zeros(200)] * 14)
    with pytest.raises(UsageError, match="split 0 has 200 test rows, found 199"):
        CombinatorialPurged().join(six_hundred, [np.zeros(199)] * 15)
