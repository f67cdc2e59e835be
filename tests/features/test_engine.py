"""The engine: one answer alone or in a panel, in any block, in any process; nulls where nothing is known."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, SchemaMismatch, UnknownName
from augury.core.hashing import sha256_frame
from augury.core.manifest import FeatureManifest
from augury.core.timeframe import Timeframe
from augury.features import build, describe, engine, feature_set, machine, manifest_for
from augury.features import feature_sets as sets
from augury.features.family import Family, Feature
from augury.features.language import close

BARS = {"open", "high", "low", "close", "volume", "bars_per_year"}
FROM_BARS = [spec for spec in describe() if BARS.issuperset(spec.inputs)]
VOLUME = {spec.name for spec in FROM_BARS if "volume" in spec.inputs}
SCALE_FREE = [spec.name for spec in describe() if spec.scale_free]
CLOSE_ONLY = [spec.name for spec in FROM_BARS if {"close", "bars_per_year"}.issuperset(spec.inputs)]


def test_the_sets_have_the_sizes_they_promise() -> None:
    sizes = {name: len(feature_set(name)) for name in ("starter", "technical", "sentiment", "platform", "relative")}
    assert sizes == {"starter": 48, "technical": 123, "sentiment": 34, "platform": 157, "relative": 11}
    assert len(set(feature_set("all"))) == len(feature_set("all")) == len(sets.catalogue())
    assert "close_position" in feature_set("starter")


def test_the_starter_set_is_known_after_fifty_bars() -> None:
    assert max(spec.lookback_bars for spec in describe("starter")) == 50


def test_an_unknown_set_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'technical'"):
        feature_set("tecnical")


def test_the_table_has_every_bar_in_order_as_float32_in_manifest_order(panel: Bars) -> None:
    table = build(panel)
    assert table.frame.select("symbol", "ts").equals(panel.frame.select("symbol", "ts"))
    assert tuple(table.frame.columns[2:]) == table.manifest.names == feature_set("starter")
    assert set(table.frame.dtypes[2:]) == {pl.Float32}
    assert table.data_version == panel.data_version
    assert not np.isinf(table.X).any()


@pytest.mark.parametrize("symbol", ["AAA", "BBB", "CCC"])
def test_a_symbol_alone_equals_the_symbol_in_a_panel_bit_for_bit(symbol: str, panel: Bars) -> None:
    alone = build(panel.of(symbol), "all").frame
    assert sha256_frame(build(panel, "all").frame.filter(pl.col("symbol") == symbol)) == sha256_frame(alone)


@pytest.mark.parametrize("shares", [1, 3, 50])
def test_how_symbols_are_shared_out_to_threads_changes_nothing(
    shares: int, panel: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sha256_frame(build(panel, "all").frame)
    monkeypatch.setattr(machine, "_SHARES_PER_THREAD", shares)
    assert sha256_frame(build(panel, "all").frame) == whole


_SCRIPT = """
import runpy, sys
space = runpy.run_path(sys.argv[1])
from augury.core.hashing import sha256_frame
from augury.features import build
bars = space["as_bars"](*[space["walk"](name, 300, k) for k, name in enumerate("ABC")])
sys.stdout.write(sha256_frame(build(bars, "all").frame))
"""


def test_threads_and_processes_do_not_change_a_bit() -> None:
    def run(threads: str) -> str:
        settings = os.environ | {"POLARS_MAX_THREADS": threads, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": threads}
        command = [sys.executable, "-c", _SCRIPT, str(Path(__file__).with_name("conftest.py"))]
        return subprocess.run(command, env=settings, capture_output=True, text=True, check=True).stdout

    assert len(run("1")) == 64
    assert run("1") == run("2")


@pytest.mark.parametrize("factor", [1e-9, 0.001, 1.3, 10_000.0])
def test_multiplying_all_prices_changes_no_feature(factor: float, panel: Bars, beside: pl.DataFrame) -> None:
    scaled = panel.frame.with_columns(pl.col("open", "high", "low", "close") * factor)
    one, other = (build(panel.with_frame(frame), "all", beside=beside).frame for frame in (panel.frame, scaled))
    for name in SCALE_FREE:
        assert one[name].is_null().equals(other[name].is_null()), name
        a, b = one[name].drop_nulls().to_numpy(), other[name].drop_nulls().to_numpy()
        np.testing.assert_allclose(b, a, rtol=2e-7, atol=1e-7 * max(1.0, np.abs(a).max() * 1e-2), err_msg=name)


@pytest.mark.parametrize("factor", [1e-9, 0.001, 1.3, 10_000.0])
def test_before_rounding_to_float32_scaling_changes_at_most_1e_9(
    factor: float, panel: Bars, beside: pl.DataFrame
) -> None:
    def doubles(frame: pl.DataFrame) -> dict[str, np.ndarray]:
        bars = panel.with_frame(frame)
        manifest = manifest_for(bars, "all", beside=beside)
        program, parts = engine.program_of(manifest), machine.segments(engine.symbol_starts(frame), frame.height)
        leaves = engine.leaf_columns(program, engine.leaf_frame(bars, manifest, beside), parts)
        return dict(zip(manifest.names, machine.run(program, leaves, parts, double=True).values, strict=True))

    scaled = panel.frame.with_columns(pl.col("open", "high", "low", "close") * factor)
    one, other = doubles(panel.frame), doubles(scaled)
    for name in SCALE_FREE:
        known = ~np.isnan(one[name])
        assert known.any(), name
        np.testing.assert_allclose(other[name][known], one[name][known], rtol=1e-9, atol=1e-9, err_msg=name)


def test_features_that_need_more_than_a_close_are_absent_from_a_close_only_source(panel: Bars) -> None:
    empty = [pl.lit(None, pl.Float64).alias(name) for name in ("open", "high", "low", "volume")]
    closes = dataclasses.replace(panel, frame=panel.frame.with_columns(empty), close_only=True)
    table = build(closes, "all")
    assert set(table.manifest.names) == set(CLOSE_ONLY)
    assert table.frame["rsi_14"].equals(build(panel, "all").frame["rsi_14"])
    undeclared = dataclasses.replace(closes, close_only=False)
    assert manifest_for(undeclared, "all") == table.manifest


def test_prices_of_a_close_only_source_are_not_believed_even_when_present(panel: Bars) -> None:
    assert set(manifest_for(dataclasses.replace(panel, close_only=True), "all").names) == set(CLOSE_ONLY)


@pytest.mark.parametrize("value", [0.0, None])
def test_a_source_without_volume_does_not_have_volume_features(value: float | None, panel: Bars) -> None:
    silent = panel.with_frame(panel.frame.with_columns(pl.lit(value, pl.Float64).alias("volume")))
    assert {spec.name for spec in FROM_BARS} - set(manifest_for(silent, "all").names) == VOLUME
    assert not VOLUME & set(build(silent, "all").frame.columns)


def test_one_symbol_without_volume_costs_the_table_its_volume_features(panel: Bars) -> None:
    volume = pl.when(pl.col("symbol") == "BBB").then(0.0).otherwise(pl.col("volume")).alias("volume")
    assert not VOLUME & set(manifest_for(panel.with_frame(panel.frame.with_columns(volume)), "all").names)


def test_a_stretch_without_trade_leaves_volume_features_null_not_zero_and_not_infinite(single: Bars) -> None:
    quiet = pl.when(pl.int_range(pl.len()).is_between(100, 159)).then(0.0).otherwise(pl.col("volume")).alias("volume")
    frame = build(single.with_frame(single.frame.with_columns(quiet)), "all").frame
    # volume_velocity compares two bars and the profile sixty: both have an answer thirty bars into the silence.
    volume = VOLUME & {*feature_set("technical"), *feature_set("relative")}
    short = {spec.name for spec in FROM_BARS if spec.lookback_bars <= 30} - {"volume_velocity"}
    assert len(volume & short) > 20
    for name in volume:
        assert frame[name][130] is None or name not in short, name
        assert frame[name][250] is not None, name


def test_a_flat_stretch_gives_middle_values_or_null_and_recovers(single: Bars) -> None:
    price = float(single.frame["close"][99])
    flat = pl.int_range(pl.len()).is_between(100, 159)
    still = [pl.when(flat).then(price).otherwise(pl.col(name)).alias(name) for name in ("open", "high", "low", "close")]
    frame = build(single.with_frame(single.frame.with_columns(still)), "all").frame
    row = frame.row(159, named=True)
    assert [row[name] for name in ("close_position", "stoch_k", "bb_position", "rsi")] == [0.5, 50.0, 0.5, 50.0]
    assert row["volatility_20d"] == row["bb_width"] == 0.0
    assert [row[name] for name in ("momentum_1d", "velocity_20d", "vol_ratio_5_20")] == [None] * 3
    assert None not in frame.row(299, named=True).values()


def test_an_infinite_feature_is_an_error_naming_feature_symbol_and_time(
    single: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    price = float(single.frame["close"][7])
    broken = Feature("broken", 1, 1.0 / (close - price))
    monkeypatch.setitem(sets.catalogue(), "broken", (Family("planted", "", (broken,)), broken))
    with pytest.raises(DataError, match="'broken' is infinite at AAA 2015-01-08T00:00:00Z"):
        build(single, "all")


@pytest.mark.parametrize(
    ("name", "value"),
    [("close", 0.0), ("high", None), ("low", float("nan")), ("volume", -1.0), ("volume", float("inf"))],
)
def test_an_impossible_value_is_refused_with_its_place(name: str, value: float | None, single: Bars) -> None:
    planted = pl.when(pl.int_range(pl.len()) == 5).then(value).otherwise(pl.col(name)).alias(name)
    with pytest.raises(DataError, match=f"{name} of AAA 2015-01-06"):
        build(single.with_frame(single.frame.with_columns(planted)))


@pytest.mark.parametrize(
    "order", [slice(None, None, -1), [0, 1, 1, 2], [1, 0, 2]], ids=["reversed", "twice", "swapped"]
)
def test_unsorted_or_repeated_rows_are_refused(order: slice | list[int], single: Bars) -> None:
    with pytest.raises(DataError, match="not sorted and unique"):
        build(single.with_frame(single.frame[order]))


def test_symbols_out_of_order_are_refused(make_walk: Callable[..., pl.DataFrame]) -> None:
    with pytest.raises(DataError, match="row 60 is AAA"):
        build(Bars(pl.concat([make_walk("BBB", 60, 1), make_walk("AAA", 60, 2)]), Timeframe.D1))


def test_no_bars_give_an_empty_table(single: Bars) -> None:
    assert build(single.with_frame(single.frame[:0])).frame.height == 0


def test_a_stored_manifest_rebuilds_exactly_its_columns(panel: Bars) -> None:
    kept = tuple(feature for feature in manifest_for(panel).features if feature.name not in {"rsi", "obv"})
    stored = FeatureManifest.from_json(FeatureManifest(kept).to_json())
    table = build(panel, stored)
    assert table.manifest == stored
    assert table.frame.equals(build(panel).frame.drop("rsi", "obv"))


def test_a_stored_manifest_of_another_formula_version_is_refused(panel: Bars) -> None:
    spec = manifest_for(panel).features[0]
    with pytest.raises(SchemaMismatch, match=f"'{spec.name}' version 2"):
        build(panel, FeatureManifest((dataclasses.replace(spec, version=2),)))
    wanted = FeatureManifest(tuple(s for s in describe() if s.name == "close_position"))
    with pytest.raises(SchemaMismatch, match="needs \\['high', 'low'\\]"):
        build(dataclasses.replace(panel, close_only=True), wanted)


def test_every_declaration_is_complete(beside: pl.DataFrame) -> None:
    for spec in describe():
        assert spec.scale_free, spec.name
        assert spec.lookback_bars >= 1, spec.name
        assert spec.source, spec.name
        assert {*BARS, *beside.columns}.issuperset(spec.inputs), spec.name
        assert spec.unit in {"fraction", "ratio", "score", "sd", "atr", "flag", "bars", "count"}, spec.name


def test_a_family_is_found_by_its_file_and_its_name_is_the_file() -> None:
    assert [name for name, _ in sets.FAMILIES] == [family.name for _, family in sets.FAMILIES]
    with pytest.raises(UnknownName, match="did you mean 'candles'"):
        sets.FAMILIES.load("candels")
