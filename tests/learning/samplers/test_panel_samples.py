"""Samples are found by symbol and date, hold nothing that was not known, and never a filled target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_panel import DAYS, NAMES, ROLES, panel, samples, targets

from augury.core.errors import DataError, InsufficientHistory, LeakError, SchemaMismatch, UsageError
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.data.arrow_cache import ArrowCache
from augury.data.arrow_cache.build import build_cache
from augury.data.panel.roles import Roles
from augury.data.synthetic import SyntheticMarket
from augury.features.panel.same_day import same_day_zscore
from augury.learning.samplers import PanelSamples, panel_targets


def test_a_sample_is_the_last_rows_of_its_own_symbol_whatever_the_order_of_the_file() -> None:
    frame = panel()
    scaled = same_day_zscore(frame, ["a", "b"]).frame.sort("symbol", "ts")
    for given in (frame, frame.sample(fraction=1.0, shuffle=True, seed=3), frame.sort("ts", descending=True)):
        made = samples(given)
        row = int(np.flatnonzero((made.day_of == 17) & (made.codes == 5))[0])
        wanted = scaled.filter(pl.col("symbol") == "S05")[14:18]
        found = made.gather(np.array([row]))[0]
        assert np.array_equal(found[:, 0], wanted["a"].to_numpy())
        known = wanted["b"].is_not_null().to_numpy()
        assert np.array_equal(found[known, 1], wanted["b"].drop_nulls().to_numpy())
        assert np.array_equal(found[:, 2], known.astype(np.float32))


def test_a_suspended_symbol_has_its_own_rows_and_borrows_none() -> None:
    frame = panel().filter(~((pl.col("symbol") == "S05") & pl.col("ts").dt.day().is_between(10, 19)))
    made = samples(frame)
    row = int(np.flatnonzero((made.codes == 5) & (made.day_of == 20))[0])
    history = made.history(np.array([row]))[0]
    assert set(made.codes[history].tolist()) == {5}
    assert made.day_of[history].tolist() == [7, 8, 19, 20]


def test_what_is_not_known_is_0_beside_a_flag_that_says_so() -> None:
    made = samples()
    x = made.gather(made.rows_of(np.arange(DAYS)))
    assert np.isfinite(x).all()
    assert (x[..., 1][x[..., 2] == 0] == 0).all()
    assert (x[..., 1][x[..., 2] == 1] != 0).all()
    assert np.isnan(made.last(made.rows_of(np.arange(DAYS)))[:, 1]).any()


def test_a_panel_without_flags_gets_one_for_all_its_features() -> None:
    frame = panel()
    made = PanelSamples.of_frame(frame, Roles({"a": "feature", "b": "feature"}), targets(frame), lookback=1)
    x = made.gather(np.arange(len(made)))
    assert made.inputs == ("a", "b", "valid_features")
    assert np.array_equal(x[:, 0, 2] == 0, np.isnan(made.last(np.arange(len(made)))[:, 1]))


def test_a_target_among_the_features_is_refused() -> None:
    with pytest.raises(LeakError):
        Roles({"a": "feature", "fwd_ret_5": "feature"})
    renamed = panel()
    with pytest.raises(LeakError):
        PanelSamples.of_frame(renamed, Roles({"label_end": "feature"}), targets(renamed))
    assert "fwd_ret_5" not in samples(renamed).inputs


def test_features_other_than_the_manifest_names_are_refused() -> None:
    frame = panel()
    manifest = FeatureManifest((FeatureSpec("a", "x", ("close",), 1),))
    with pytest.raises(SchemaMismatch, match="extra"):
        PanelSamples.of_frame(frame, ROLES, targets(frame), manifest=manifest)


def test_unknown_targets_stay_unknown_and_know_no_end() -> None:
    made = samples()
    last = made.day_of >= DAYS - 3
    assert np.isnan(made.targets[last, 1]).all()
    assert not made.mask[last, 1].any()
    assert (made.label_end[last, 1] == np.iinfo(np.int64).max).all()
    assert made.mask[~last].all()
    assert (made.label_end[~last, 1] == made.stamps[made.day_of[~last] + 3]).all()


def test_targets_that_end_later_than_a_moment_can_be_taken_away() -> None:
    made = samples()
    moment = made.days[10]
    early = made.known_before(moment)
    stamp = made.stamps[10]
    assert (early.label_end[early.mask] < stamp).all()
    assert early.mask.sum() == ((made.label_end < stamp) & made.mask).sum()


def test_a_history_that_is_too_short_is_named() -> None:
    made = samples()
    with pytest.raises(InsufficientHistory, match="S00 has fewer than 4 rows"):
        made.gather(np.array([0]))
    assert not made.complete[made.day_of < 3].any()
    assert made.complete[made.day_of >= 3].all()


def test_later_rows_change_no_earlier_sample() -> None:
    frame = panel()
    whole = samples(frame)
    cut = samples(frame.filter(pl.col("ts") <= whole.days[20]))
    rows = cut.rows_of(np.arange(21))
    assert np.array_equal(whole.gather(rows), cut.gather(rows))


def test_two_rows_of_a_symbol_on_a_day_are_refused() -> None:
    frame = panel()
    with pytest.raises(DataError, match="two rows"):
        PanelSamples.of_frame(pl.concat([frame, frame[:1]]), ROLES, targets(frame))


def test_the_cache_gives_the_samples_of_the_frame(tmp_path: Path) -> None:
    frame = panel()
    scaled = same_day_zscore(frame, ["a", "b"]).frame
    scaled.sort("ts", "symbol").write_parquet(tmp_path / "panel.parquet")
    build_cache(tmp_path / "panel.parquet", tmp_path / "panel.arrow", ROLES)
    cache = ArrowCache.open(tmp_path / "panel.arrow")
    mapped = PanelSamples.of_cache(cache, targets(frame), lookback=4)
    made = samples(frame)
    rows = made.rows_of(np.arange(DAYS))
    assert np.array_equal(mapped.gather(rows), made.gather(rows))
    assert np.array_equal(mapped.targets, made.targets, equal_nan=True)
    assert mapped.symbols == made.symbols


def test_a_cache_of_raw_features_is_refused(tmp_path: Path) -> None:
    frame = panel().with_columns(pl.col("a") * 30.0 + 400.0)
    frame.sort("ts", "symbol").write_parquet(tmp_path / "panel.parquet")
    build_cache(tmp_path / "panel.parquet", tmp_path / "panel.arrow", ROLES)
    with pytest.raises(DataError, match="standardise"):
        PanelSamples.of_cache(ArrowCache.open(tmp_path / "panel.arrow"), targets(frame), lookback=4)


def test_an_entry_one_day_later_reaches_one_row_further() -> None:
    bars = SyntheticMarket(n_symbols=2, n_bars=60).bars()
    at_close, next_close = panel_targets(bars, (1, 5)), panel_targets(bars, (1, 5), entry="next_close")
    assert (at_close.reach_rows, next_close.reach_rows) == (5, 6)
    one = at_close.frame["fwd_ret_1"].shift(-1)[:58].to_list()
    assert next_close.frame["fwd_ret_1"][:58].to_list() == one
    with pytest.raises(UsageError, match="ascend"):
        panel_targets(bars, (5, 1))


def test_a_value_lost_to_a_thin_day_is_not_flagged_as_known() -> None:
    thin = (pl.col("ts").dt.day() == 12) & (pl.col("symbol") > "S11")
    frame = panel().with_columns(valid_b=pl.lit(value=True), b=pl.when(~thin).then(pl.col("a") + 1.0))
    made = samples(frame.with_columns(valid_b=pl.col("b").is_not_null()))
    x = made.gather(made.rows_of(np.array([11, 20])))[:, -1]
    assert (x[:NAMES, 2] == 0).all()
    assert (x[NAMES:, 2] == 1).all()
