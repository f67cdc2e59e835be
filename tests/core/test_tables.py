"""Tables: the matrix in manifest order, and labels that are never filled."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from augury.core.errors import LeakError, SchemaMismatch
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.tables import FeatureTable, LabelledTable
from augury.core.timeframe import Timeframe

MANIFEST = FeatureManifest(tuple(FeatureSpec(name, "test", ("close",), 1) for name in ("b", "a")))


@pytest.fixture
def table() -> LabelledTable:
    frame = pl.DataFrame(
        {
            "symbol": ["A"] * 4,
            "ts": [datetime(2020, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4)],
            "b": pl.Series([None, 2.0, 3.0, 4.0], dtype=pl.Float32),
            "a": pl.Series([10.0, 20.0, 30.0, 40.0], dtype=pl.Float32),
            "past_ret": [0.0, 0.1, 0.2, 0.3],
            "vol": [0.01] * 4,
            "fwd_ret": [0.1, -0.2, 0.3, None],
            "label": pl.Series([1, -1, 1, None], dtype=pl.Int8),
            "label_end": [datetime(2020, 1, day, tzinfo=UTC) for day in (2, 3, 4)] + [None],
        }
    )
    return LabelledTable(frame, MANIFEST, LabelSpec(Timeframe.D1, "1d", 1, 0.01), "0" * 64)


def test_the_matrix_holds_features_only_in_manifest_order_as_float32(table: LabelledTable) -> None:
    assert table.X.dtype == np.float32
    assert table.X.flags.c_contiguous
    assert table.X[1].tolist() == [2.0, 20.0]
    assert np.isnan(table.X[0, 0])


def test_a_missing_label_is_a_leak_error_and_never_a_0(table: LabelledTable) -> None:
    for ask in ("y", "forward_returns"):
        with pytest.raises(LeakError, match=r"1 rows have no (label|fwd_ret) yet"):
            getattr(table, ask)


def test_known_rows_have_every_feature_and_a_label(table: LabelledTable) -> None:
    known = table.known()
    assert len(known) == 2
    assert known.y.tolist() == [-1, 1]
    assert known.y.dtype == np.int8
    assert known.forward_returns.tolist() == [-0.2, 0.3]


def test_columns_are_floats_with_nan_for_null(table: LabelledTable) -> None:
    values = table.column("fwd_ret")
    assert values.dtype == np.float64
    assert np.isnan(values[-1])


def test_a_frame_without_a_feature_or_in_another_order_is_refused(table: LabelledTable) -> None:
    with pytest.raises(SchemaMismatch, match="missing"):
        _ = table.with_frame(table.frame.drop("a")).X
    with pytest.raises(SchemaMismatch, match="another order"):
        _ = table.with_frame(table.frame.select("symbol", "ts", "a", "b")).X


def test_a_table_without_features_has_an_empty_matrix(table: LabelledTable) -> None:
    assert FeatureTable(table.frame.select("symbol", "ts"), FeatureManifest(()), "0" * 64).X.shape == (4, 0)
