"""FEA-11, F09: a day is standardised by its own rows, by one rule everywhere."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.errors import DataError, LeakError, UsageError
from augury.features.panel.same_day import SameDay, same_day_rank, same_day_zscore

RULES = pytest.mark.parametrize("rule", [same_day_zscore, same_day_rank])


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    days, names = 40, 30
    x = np.round(rng.normal(0.0, 2.0, (names, days)), 1)  # rounded, so that ties occur
    x[rng.random(x.shape) < 0.05] = np.nan
    first = datetime(2015, 1, 1, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "symbol": np.repeat([f"S{k:02d}" for k in range(names)], days),
            "ts": [first + timedelta(days=d) for _ in range(names) for d in range(days)],
            "x": x.ravel().astype(np.float32),
            "y": np.round(rng.normal(5.0, 1.0, names * days), 3),
        },
        schema_overrides={"ts": pl.Datetime("us", "UTC")},
    )
    return frame.with_columns(pl.col("x").fill_nan(None))


def one_day(values: list[float | None]) -> pl.DataFrame:
    return pl.DataFrame({"symbol": [f"S{k}" for k in range(len(values))], "ts": 1, "x": values})


def test_a_zscore_is_measured_against_the_symbols_of_its_day(rows: pl.DataFrame) -> None:
    got = same_day_zscore(rows, ["x"]).frame
    for (ts,), day in rows.group_by("ts"):
        x = day["x"].cast(pl.Float64)
        expected = ((x - x.mean()) / x.std(ddof=0)).clip(-5.0, 5.0)
        found = got.filter(pl.col("ts") == ts)["x"]
        assert found.is_null().equals(x.is_null())
        np.testing.assert_allclose(found.drop_nulls(), expected.drop_nulls(), rtol=1e-6, atol=1e-6)
    assert got["y"].equals(rows["y"])


def test_a_rank_runs_from_minus_one_to_one_and_ties_share_theirs(rows: pl.DataFrame) -> None:
    got = same_day_rank(rows, ["x"]).frame
    day = got.filter(pl.col("ts") == rows["ts"][0])["x"].drop_nulls()
    assert day.min() >= -1.0
    assert day.max() <= 1.0
    assert day.mean() == pytest.approx(0.0, abs=1e-6)
    values = one_day([4.0, 4.0, 1.0, 9.0, None])
    assert same_day_rank(values, ["x"], least=4).frame["x"].cast(pl.Float64).round(4).to_list() == [
        0.0,
        0.0,
        -1.0,
        1.0,
        None,
    ]


@RULES
def test_a_day_of_fewer_than_twenty_names_is_null(rule: object) -> None:
    assert callable(rule)
    for known, least in ((19, 20), (20, 20)):
        answer = rule(one_day([float(k) for k in range(known)] + [None] * 5), ["x"], least=least)
        assert answer.frame["x"].null_count() == (24 if known < 20 else 5)


@RULES
def test_a_column_constant_over_a_day_becomes_zero_and_says_so(rule: object) -> None:
    assert callable(rule)
    answer: SameDay = rule(one_day([0.1] * 25 + [None]), ["x"])
    assert answer.frame["x"].to_list() == [0.0] * 25 + [None]
    assert answer.constant.rows() == [(1, "x")]
    assert rule(one_day([0.1] * 24 + [0.2]), ["x"]).constant.is_empty()
    assert rule(one_day([0.1] * 5), ["x"]).constant.is_empty()  # too few to say anything


def test_an_outlier_is_held_at_five_deviations() -> None:
    values = [0.0, 1.0] * 50 + [1e9]
    assert same_day_zscore(one_day(values), ["x"]).frame["x"].max() == 5.0
    assert same_day_zscore(one_day(values), ["x"], clip=2.0).frame["x"].max() == 2.0


@RULES
def test_other_days_change_nothing_bit_for_bit(rule: object, rows: pl.DataFrame) -> None:
    assert callable(rule)
    whole = rule(rows, ["x", "y"]).frame
    for ts in rows["ts"].unique().sort()[::2]:  # 20 cuts
        cut = pl.col("ts") <= ts
        assert rule(rows.filter(cut), ["x", "y"]).frame.equals(whole.filter(cut))
        noisy = rows.with_columns(pl.when(cut).then("x").otherwise(pl.col("y") * 1e6).cast(pl.Float32).alias("x"))
        assert rule(noisy, ["x", "y"]).frame.filter(cut).equals(whole.filter(cut))


@RULES
def test_the_order_of_rows_and_a_common_scale_change_nothing(rule: object, rows: pl.DataFrame) -> None:
    assert callable(rule)
    whole = rule(rows, ["x"]).frame
    mixed = rule(rows.sample(fraction=1.0, shuffle=True, seed=1), ["x"]).frame.sort("symbol", "ts")
    scaled = rule(rows.with_columns(pl.col("x") * 1024.0), ["x"]).frame
    for other in (mixed, scaled):
        np.testing.assert_allclose(other["x"].to_numpy(), whole["x"].to_numpy(), rtol=1e-6, atol=1e-6)


@RULES
def test_a_target_an_infinite_value_and_a_missing_column_are_refused(rule: object, rows: pl.DataFrame) -> None:
    assert callable(rule)
    with pytest.raises(LeakError, match="'fwd_ret_5' is a target"):
        rule(rows.rename({"x": "fwd_ret_5"}), ["fwd_ret_5"])
    with pytest.raises(DataError, match="infinite"):
        rule(one_day([float("inf")] * 20), ["x"])
    with pytest.raises(UsageError, match="no column z"):
        rule(rows, ["z"])
    with pytest.raises(UsageError, match="least=1"):
        rule(rows, ["x"], least=1)


@RULES
def test_no_rows_give_no_rows(rule: object, rows: pl.DataFrame) -> None:
    assert callable(rule)
    assert rule(rows.clear(), ["x"]).frame.is_empty()
