"""DAT-07: each violation planted alone raises its own code, and only it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl
import pytest

from augury.core.errors import LeakError
from augury.core.tables import LabelledTable, Split
from augury.labels import time_ordered, validate_data_integrity

ROW = pl.int_range(pl.len())


@pytest.fixture(scope="module")
def split(six_hundred: LabelledTable) -> Split:
    return time_ordered(six_hundred)


@pytest.fixture(scope="module")
def now(six_hundred: LabelledTable) -> datetime:
    return six_hundred.frame["ts"].max() + timedelta(days=1)


def at(row: int, name: str, value: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(pl.when(row == ROW).then(value).otherwise(pl.col(name)).alias(name))


def move(**delta: timedelta) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(pl.col(name) + by for name, by in delta.items())


def last(by: timedelta, *names: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    late = pl.int_range(pl.len()) == pl.len() - 1
    return lambda frame: frame.with_columns(
        pl.when(late).then(pl.col(n) + by).otherwise(pl.col(n)).alias(n) for n in names
    )


PLANTED = {
    "TRAIN_AFTER_VALID": ("train", last(timedelta(days=6), "ts", "label_end")),
    "LABEL_OVERLAP": ("train", last(timedelta(days=1), "label_end")),
    "NAN_FEATURE": ("valid", at(3, "returns", None)),
    "NAN_LABEL": ("train", at(3, "label", None)),
    "DUPLICATE_TS": ("valid", lambda frame: pl.concat([frame[:4], frame[3:]])),
    "UNSORTED": ("train", lambda frame: pl.concat([frame[5:6], frame[:5], frame[6:]])),
    "FUTURE_BAR": ("valid", last(timedelta(days=40), "label_end")),
}


def test_a_sound_division_has_no_finding(split: Split, now: datetime) -> None:
    assert validate_data_integrity(split.train, split.valid, now=now) == []


@pytest.mark.parametrize("code", PLANTED)
def test_each_violation_planted_alone_raises_its_own_code(code: str, split: Split, now: datetime) -> None:
    side, plant = PLANTED[code]
    sides = {"train": split.train, "valid": split.valid}
    sides[side] = sides[side].with_frame(plant(sides[side].frame))
    found = validate_data_integrity(sides["train"], sides["valid"], now=now)
    assert [finding.code for finding in found] == [code]
    assert found[0].rows == 1
    assert found[0].message
    with pytest.raises(LeakError, match=code) as caught:
        validate_data_integrity(sides["train"], sides["valid"], now=now, raise_on_error=True)
    assert caught.value.facts["findings"] == found


@pytest.mark.parametrize(("days", "stale"), [(1, False), (6, False), (12, True), (400, True)])
def test_a_last_bar_far_behind_now_is_stale(days: int, stale: bool, split: Split, six_hundred: LabelledTable) -> None:
    now = six_hundred.frame["ts"].max() + timedelta(days=days)
    assert [f.code for f in validate_data_integrity(split.train, split.valid, now=now)] == ["STALE_LAST_BAR"] * stale


def test_without_a_clock_nothing_is_said_about_age(split: Split) -> None:
    aged = split.valid.with_frame(split.valid.frame.pipe(move(ts=timedelta(days=9999), label_end=timedelta(days=9999))))
    assert validate_data_integrity(split.train, aged) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_feature_that_is_not_finite_counts_as_missing(value: float, split: Split) -> None:
    broken = split.train.with_frame(at(0, "returns", pl.lit(value, pl.Float32))(split.train.frame))
    assert [f.code for f in validate_data_integrity(broken, split.valid)] == ["NAN_FEATURE"]


def test_all_findings_come_at_once_and_name_their_side(split: Split) -> None:
    broken = split.train.with_frame(split.train.frame.reverse().with_columns(pl.lit(None, pl.Int8).alias("label")))
    found = validate_data_integrity(broken, split.valid.with_frame(split.valid.frame.reverse()))
    assert [(f.code, f.message.split(":")[0]) for f in found] == [
        ("NAN_LABEL", "train"),
        ("UNSORTED", "train"),
        ("UNSORTED", "valid"),
    ]
    assert found[0].rows == len(broken)


def test_the_split_by_rows_inside_a_panel_is_found_out(panel: LabelledTable) -> None:
    known = panel.known()
    per_symbol = [known.frame.filter(pl.col("symbol") == s) for s in ("AAA", "BBB", "CCC")]
    train = known.with_frame(pl.concat([part[: int(0.7 * part.height)] for part in per_symbol]))
    valid = known.with_frame(pl.concat([part[int(0.7 * part.height) :] for part in per_symbol]))
    assert {f.code for f in validate_data_integrity(train, valid)} == {"TRAIN_AFTER_VALID", "LABEL_OVERLAP"}
