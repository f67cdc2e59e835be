"""LAB-01: labels by the forward return, features by the catalogue, both of the same rows."""

from collections.abc import Callable

import polars as pl
import pytest

from augury.core.errors import DataError, InsufficientHistory, UnknownName, UsageError
from augury.features import feature_set
from augury.labels import create_labels


@pytest.fixture(scope="module")
def bars(make_closes: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([make_closes("AAA", 200, 1), make_closes("BBB", 120, 2)])


def test_features_are_computed_when_the_frame_has_none_and_warm_up_leaves_with_its_labels(bars: pl.DataFrame) -> None:
    features, labels = create_labels(bars)
    assert tuple(features.columns) == feature_set("starter")
    assert features.height == len(labels) == (200 - 49 - 5) + (120 - 49 - 5)
    assert features.null_count().sum_horizontal().item() == 0
    assert labels.name == "label"
    assert labels.dtype == pl.String
    assert set(labels) == {"BULLISH", "BEARISH", "NEUTRAL"}


def test_labels_follow_the_forward_return_row_by_row(bars: pl.DataFrame) -> None:
    one = bars.filter(pl.col("symbol") == "AAA")
    close = one["close"].to_numpy()
    marked = one.with_columns(pl.int_range(pl.len()).cast(pl.Float32).alias("returns"))
    features, labels = create_labels(marked, horizon_bars=7, threshold=0.03)
    assert features["returns"].to_list() == list(range(193))
    moved = close[7:] / close[:-7] - 1.0
    assert labels.to_list() == ["BULLISH" if m > 0.03 else "BEARISH" if m < -0.03 else "NEUTRAL" for m in moved]


@pytest.mark.parametrize(("timeframe", "h"), [("m15", 5), ("h1", 5), ("h4", 3), ("d1", 5), ("w1", 4), ("1w", 4)])
def test_the_timeframe_decides_the_base_label(timeframe: str, h: int, bars: pl.DataFrame) -> None:
    marked = bars.with_columns(pl.lit(1.0).alias("returns"))
    features, _ = create_labels(marked, timeframe=timeframe)
    assert features.height == 320 - 2 * h


def test_a_larger_threshold_makes_more_rows_neutral(bars: pl.DataFrame) -> None:
    shares = [(create_labels(bars, threshold=t)[1] == "NEUTRAL").mean() for t in (0.0, 0.01, 0.05, 0.5)]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0


def test_only_columns_of_the_catalogue_become_features(bars: pl.DataFrame) -> None:
    smuggled = bars.with_columns(
        pl.col("close").shift(-1).over("symbol").alias("fwd_ret"),
        pl.col("close").shift(-1).over("symbol").alias("my_signal"),
        pl.lit(1).alias("label"),
        pl.lit(0.5).alias("rsi"),
    )
    features, _ = create_labels(smuggled)
    assert features.columns == ["rsi"]


def test_the_future_of_a_row_beyond_its_horizon_changes_nothing(bars: pl.DataFrame) -> None:
    one = bars.filter(pl.col("symbol") == "AAA")
    whole, cut = create_labels(one), create_labels(one[:150])
    assert cut[0].equals(whole[0][: 150 - 49 - 5])
    assert cut[1].equals(whole[1][: 150 - 49 - 5])


def test_what_is_not_a_sorted_frame_of_bars_is_refused(bars: pl.DataFrame) -> None:
    with pytest.raises(UsageError, match="found list"):
        create_labels([1, 2, 3])
    with pytest.raises(DataError, match="not a canonical bar frame"):
        create_labels(bars.drop("ts"))
    with pytest.raises(DataError, match="not sorted"):
        create_labels(bars.with_columns(pl.lit(1.0).alias("rsi")).reverse())
    with pytest.raises(UnknownName, match="d2"):
        create_labels(bars, timeframe="d2")
    with pytest.raises(UsageError, match="horizon_bars=0"):
        create_labels(bars, horizon_bars=0)


def test_too_short_a_history_is_named(bars: pl.DataFrame) -> None:
    with pytest.raises(InsufficientHistory, match="40 bars leave no row"):
        create_labels(bars[:40])
