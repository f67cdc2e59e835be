"""L01, L02, L03: every division is ordered by date and purged by the end of its labels."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from augury.core.errors import InsufficientHistory, LeakError, UnknownName, UsageError
from augury.core.tables import LabelledTable
from augury.core.timeframe import Timeframe
from augury.labels import WalkForward, out_of_fold, prepare_train_validation_split, splitter, time_ordered
from augury.labels.splits import default_purge


def assert_purged(table: LabelledTable, train: np.ndarray, test: np.ndarray) -> None:
    start = table.frame["ts"][test].min()
    assert table.frame["ts"][train].max() < start
    assert table.frame["label_end"][train].max() < start


def test_six_hundred_rows_with_five_bar_labels_give_415_and_180(six_hundred: LabelledTable) -> None:
    rows = np.arange(600)
    train, valid, train_l, valid_l = prepare_train_validation_split(rows, rows)
    assert (len(train), len(valid)) == (415, 180)
    assert (train[0], train[-1], valid[0], valid[-1]) == (0, 414, 420, 599)
    assert np.array_equal(train, train_l)
    assert np.array_equal(valid, valid_l)
    split = time_ordered(six_hundred)
    assert (len(split.train), len(split.valid)) == (415, 180)


def test_the_split_keeps_the_type_of_what_it_was_given() -> None:
    frame, series = pl.DataFrame({"a": range(100)}), pl.Series(["x"] * 100)
    train, valid, train_l, valid_l = prepare_train_validation_split(frame, series)
    assert isinstance(train, pl.DataFrame)
    assert isinstance(valid_l, pl.Series)
    assert (train.height, valid.height, len(train_l), len(valid_l)) == (65, 30, 65, 30)
    assert isinstance(prepare_train_validation_split(list(range(100)), list(range(100)))[0], list)


@given(n=st.integers(0, 2000), fraction=st.floats(0.01, 0.99), purge=st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_train_ends_purge_rows_before_validation_begins_or_the_split_is_refused(
    n: int, fraction: float, purge: int
) -> None:
    rows = range(n)
    try:
        train, valid, *_ = prepare_train_validation_split(rows, rows, fraction, purge)
    except InsufficientHistory:
        border = int(n * fraction + 1e-9)
        assert border - purge < 10 or n - border < 10
        return
    assert (train[0], valid[-1]) == (0, n - 1)
    assert valid[0] - train[-1] == purge + 1
    assert min(len(train), len(valid)) >= 10
    assert abs(valid[0] - fraction * n) <= 1


@pytest.mark.parametrize(("n", "border"), [(40, 28), (90, 63), (110, 77), (600, 420), (1000, 700)])
def test_seven_tenths_of_a_round_number_is_that_number(n: int, border: int) -> None:
    assert prepare_train_validation_split(range(n), range(n), purge=0)[1][0] == border


def test_settings_out_of_range_are_refused() -> None:
    rows = range(100)
    with pytest.raises(UsageError, match="one label a row"):
        prepare_train_validation_split(rows, range(99))
    for fraction in (0.0, 1.0, float("nan")):
        with pytest.raises(UsageError, match="train_fraction"):
            prepare_train_validation_split(rows, rows, fraction)
    with pytest.raises(UsageError, match="purge=-1"):
        prepare_train_validation_split(rows, rows, purge=-1)
    with pytest.raises(TypeError):
        prepare_train_validation_split(rows, rows, shuffle=True)
    assert default_purge() == 5
    assert default_purge(Timeframe.H4) == 3


def test_a_panel_shares_one_border_and_no_label_reaches_over_it(panel: LabelledTable) -> None:
    split = time_ordered(panel)
    start = split.valid.frame["ts"].min()
    assert split.train.frame["label_end"].max() < start
    assert split.train.frame["ts"].max() < start
    known = panel.known().frame
    assert split.valid.frame.equals(known.filter(pl.col("ts") >= start))
    # CCC trades every other day: its 5-bar label lasts ten days, so more of it is purged.
    gone = known.filter(pl.col("ts") < start).join(split.train.frame, on=["symbol", "ts"], how="anti")
    assert dict(gone.group_by("symbol").len().iter_rows()) == {"AAA": 5, "BBB": 5, "CCC": 5}


def test_only_known_rows_take_part(six_hundred: LabelledTable) -> None:
    split = time_ordered(six_hundred)
    assert not split.valid.frame["label"].has_nulls()
    assert split.valid.frame["ts"].max() == six_hundred.frame["ts"][599]


@pytest.mark.parametrize("n", [5, 12, 25, 33])
def test_too_few_dates_are_refused(n: int, make_table: Callable[..., LabelledTable], make_closes: Callable) -> None:
    with pytest.raises(InsufficientHistory):
        time_ordered(make_table(make_closes("AAA", n, 1), 5))
    with pytest.raises(InsufficientHistory):
        out_of_fold(make_table(make_closes("AAA", n, 1), 5), 5)


@given(
    folds=st.integers(1, 8),
    horizon=st.integers(1, 20),
    expanding=st.booleans(),
    embargo=st.just(0) | st.integers(20, 30),
    extra=st.integers(0, 10),
)
@settings(max_examples=60, deadline=None)
def test_every_pair_of_a_walk_forward_is_purged_and_shares_its_dates(
    make_table: Callable[..., LabelledTable],
    make_closes: Callable,
    folds: int,
    horizon: int,
    expanding: bool,
    embargo: int,
    extra: int,
) -> None:
    frames = [make_closes("AAA", 300, 1), make_closes("BBB", 120, 2, skip=140), make_closes("CCC", 140, 3, every=2)]
    table = make_table(pl.concat(frames), horizon)
    rule = WalkForward(folds, expanding, purge_bars=horizon + extra, embargo_bars=embargo)
    try:
        pairs = list(rule.split(table))
    except InsufficientHistory:
        reject()
    assert len(pairs) == folds
    labelled = table.frame["label"].is_not_null().arg_true().to_numpy()
    dates = table.frame["ts"].to_physical().to_numpy()
    all_dates = np.unique(dates[labelled])
    seen: set[int] = set()
    for train, test in pairs:
        assert train.dtype == test.dtype == np.int64
        assert_purged(table, train, test)
        before = all_dates[(all_dates > dates[train].max()) & (all_dates < dates[test].min())]
        assert len(before) >= horizon + extra + embargo
        span = dates[labelled]
        inside = (span >= dates[test].min()) & (span <= dates[test].max())
        assert np.array_equal(np.sort(test), labelled[inside])
        assert not seen & set(test.tolist())
        seen |= set(test.tolist())


def test_out_of_fold_blocks_are_equal_and_the_first_only_trains(six_hundred: LabelledTable) -> None:
    pairs = out_of_fold(six_hundred, 5)
    assert [(len(train), test[0], test[-1]) for train, test in pairs] == [
        (100 * k - 5, 100 * k, 100 * k + 99) for k in range(1, 6)
    ]
    assert all(train[0] == 0 for train, _ in pairs)


def test_a_rolling_train_part_keeps_its_length(six_hundred: LabelledTable) -> None:
    pairs = list(WalkForward(4, expanding=False, min_train=200).split(six_hundred))
    assert [(train[0], train[-1]) for train, _ in pairs] == [(0, 194), (100, 294), (200, 394), (300, 494)]


def test_rows_keep_their_place_in_the_table_they_came_from(panel: LabelledTable) -> None:
    split = time_ordered(panel)
    for train, test in out_of_fold(split.train, 3):
        assert_purged(split.train, train, test)
        assert max(train.max(), test.max()) < len(split.train)


def test_a_purge_or_embargo_shorter_than_the_horizon_is_a_leak(make_table: Callable, make_closes: Callable) -> None:
    table = make_table(make_closes("AAA", 400, 1), 20)
    with pytest.raises(LeakError, match="purge_bars=14 is shorter than the label's 20 bars"):
        list(WalkForward(purge_bars=14).split(table))
    with pytest.raises(LeakError, match="embargo_bars=14 is shorter"):
        list(WalkForward(embargo_bars=14).split(table))


@pytest.mark.parametrize("embargo", [timedelta(days=20), 2.5, -1, True])
def test_an_embargo_counts_trading_dates_not_calendar_time(embargo: object) -> None:
    with pytest.raises(LeakError, match="trading dates"):
        WalkForward(embargo_bars=embargo)


def test_a_label_longer_than_its_spec_says_is_still_purged(six_hundred: LabelledTable) -> None:
    longer = six_hundred.frame.with_columns(pl.col("label_end") + timedelta(days=30))
    for train, test in WalkForward(3).split(six_hundred.with_frame(longer)):
        assert test[0] - train[-1] == 36
    assert len(time_ordered(six_hundred.with_frame(longer)).train) == 385


@pytest.mark.parametrize(
    "name", ["random", "shuffle", "Stratified", "kfold", "k-fold", "StratifiedKFold", "shuffle_split"]
)
def test_splitters_that_mix_past_and_future_are_refused_with_the_reason(name: str) -> None:
    with pytest.raises(LeakError, match=f"'{name}' is refused: \\w+"):
        splitter(name)


def test_allowed_splitters_resolve_by_name() -> None:
    assert splitter("walk_forward") is WalkForward
    assert splitter("walk-forward") is WalkForward
    assert splitter("time_ordered") is time_ordered
    with pytest.raises(UnknownName, match="did you mean 'walk_forward'"):
        splitter("walk_foward")


def test_zero_folds_are_refused() -> None:
    with pytest.raises(UsageError, match="folds=0"):
        WalkForward(0)
