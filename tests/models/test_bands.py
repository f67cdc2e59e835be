"""The shape of a band may be learned; its promise is conformal and holds on later rows whatever the shape."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from augury.core.bars import TIMESTAMP, Bars
from augury.core.errors import CorruptArtifact, InsufficientHistory, UnknownName, UsageError
from augury.core.forecast import QUANTILES
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.metrics.intervals import winklers
from augury.core.recipe import Recipe
from augury.core.tables import FeatureTable
from augury.core.timeframe import Timeframe
from augury.labels.attach import attach
from augury.models.bands import BAND_SHAPES
from augury.models.bands.conformal import Conformal
from augury.models.conformal import ConformalBands
from augury.models.ensemble.ensemble import Ensemble
from augury.models.training import fit_members

LEARNED = ("quantile_lgbm", "volatility")
N, CUT = 4000, 2600


@cache
def market(seed=0):
    """Days whose size jumps between calm and wild for a few days; the first feature says how wild tomorrow is."""
    rng = np.random.default_rng(seed)
    log_size = np.zeros(N)
    for row in range(1, N):
        log_size[row] = 0.7 * log_size[row - 1] + 0.5 * rng.normal()
    step = 0.01 * np.exp(log_size) / 24**0.5
    # 24 moves a day, so that the range of the day measures it as it does in a market.
    moves = np.cumsum(step[:, None] * rng.normal(size=(N, 24)), axis=1)
    opened = np.concatenate([[0.0], np.cumsum(moves[:-1, -1])])
    within = opened[:, None] + moves
    days = np.busday_offset(np.datetime64("2000-01-03"), np.arange(N)).astype("datetime64[us]")
    ends = {
        "open": opened, "high": np.maximum(opened, within.max(axis=1)), "low": np.minimum(opened, within.min(axis=1)),
        "close": within[:, -1],
    }  # fmt: skip
    frame = pl.DataFrame(
        {
            "symbol": ["V"] * N,
            "ts": pl.Series(days).dt.replace_time_zone("UTC").cast(TIMESTAMP),
            **{name: 100 * np.exp(values) for name, values in ends.items()},
            "volume": np.full(N, 1e6),
        }
    )
    bars = Bars(frame, Timeframe.D1)
    seen = np.append(log_size[1:], 0.0) + 0.1 * rng.normal(size=N)
    columns = [pl.Series("f0", seen.astype(np.float32)), pl.Series("f1", rng.normal(size=N).astype(np.float32))]
    manifest = FeatureManifest(tuple(FeatureSpec(name, "planted", ("close",), 1) for name in ("f0", "f1")))
    features = FeatureTable(frame.select("symbol", "ts").with_columns(columns), manifest, bars.data_version)
    table = attach(features, bars, LabelSpec(Timeframe.D1, "1d", 1, 0.005))
    # A month before the first row, so that every shape knows enough at it.
    return table.with_frame(table.frame[25:-1])


def recipe(bands):
    return Recipe(members={"logreg": {}}, folds=3, bands=bands)


@cache
def fitted(bands):
    table = market()
    train = table.with_frame(table.frame.head(CUT))
    members = fit_members(train, recipe(bands))
    return members, Ensemble.fit(members, recipe(bands), train.spec)


@cache
def said(bands):
    table = market()
    later = table.with_frame(table.frame[CUT + 1 :])
    return fitted(bands)[1].predict(later).quantiles, later.forward_returns


@pytest.mark.parametrize("bands", BAND_SHAPES.names())
@pytest.mark.parametrize(("level", "low", "high"), [(0.5, "q25", "q75"), (0.8, "q10", "q90"), (0.95, "q025", "q975")])
def test_the_band_covers_what_it_promises_on_rows_after_the_train_rows(bands, level, low, high):
    ladder, outcome = said(bands)
    share = np.mean((outcome >= ladder[low]) & (outcome <= ladder[high]))
    assert abs(share - level) < 0.035


@pytest.mark.parametrize("bands", BAND_SHAPES.names())
def test_quantiles_are_ordered_in_every_row(bands):
    ladder = np.column_stack([said(bands)[0][name] for name in QUANTILES])
    assert (np.diff(ladder, axis=1) >= 0).all()
    assert (ladder >= -1).all()


@pytest.mark.parametrize("bands", LEARNED)
def test_a_learned_shape_is_narrower_where_little_moves_and_scores_better_than_the_plain_one(bands):
    scores = {}
    for kind in (bands, "conformal"):
        ladder, outcome = said(kind)
        scores[kind] = winklers(outcome, ladder["q10"], ladder["q90"], 0.8).mean()
    assert scores[bands] < 0.95 * scores["conformal"]


@pytest.mark.parametrize("bands", LEARNED)
def test_without_conformal_factors_on_top_the_promise_would_not_be_kept_by_the_shape_alone(bands):
    """Factors of half the size: what the coverage test above would say of a band that nobody holds to its promise."""
    ensemble, table = fitted(bands)[1], market()
    drawn = {level: factor - 0.6 for level, factor in ensemble.bands.factors.items()}
    tight = replace(ensemble, bands=replace(ensemble.bands, factors=drawn))
    later = table.with_frame(table.frame[CUT + 1 :])
    ladder, outcome = tight.predict(later).quantiles, later.forward_returns
    assert np.mean((outcome >= ladder["q10"]) & (outcome <= ladder["q90"])) < 0.74


@pytest.mark.parametrize("bands", LEARNED)
def test_factors_are_taken_from_rows_the_shape_had_not_seen(bands):
    members, _ = fitted(bands)
    rows = members.out_of_fold.rows
    assert len(members.spread.scale) == len(rows)
    seen = members.train.with_frame(members.train.frame[rows])
    inside = members.shape.spread(seen)
    assert not np.array_equal(members.spread.scale, inside.scale) or not np.array_equal(
        members.spread.ladder["q90"], inside.ladder["q90"]
    )


@pytest.mark.parametrize("bands", LEARNED)
def test_a_shape_survives_save_and_load_bit_for_bit_and_damage_is_named(bands, tmp_path):
    ensemble, table = fitted(bands)[1], market()
    ensemble.save(tmp_path)
    loaded = Ensemble.load(tmp_path)
    later = table.with_frame(table.frame.tail(50))
    one, other = ensemble.predict(later), loaded.predict(later)
    assert all(np.array_equal(one.quantiles[name], other.quantiles[name]) for name in QUANTILES)
    path = min((tmp_path / "bands").iterdir())
    path.write_text(path.read_text(encoding="utf-8")[:40], encoding="utf-8")
    with pytest.raises(CorruptArtifact, match="cannot be read"):
        Ensemble.load(tmp_path)


@pytest.mark.parametrize("bands", LEARNED)
def test_a_row_is_banded_alone_as_among_others_and_no_later_bar_is_read(bands):
    ensemble, table = fitted(bands)[1], market()
    batch = ensemble.predict(table)
    for at in (100, len(table) - 40):
        row = table.with_frame(table.frame[at : at + 1])
        bars = table.bars.with_frame(table.bars.frame.filter(pl.col("ts") <= row.frame["ts"][0]))
        alone = ensemble.predict(replace(row, bars=bars))
        assert all(alone.quantiles[name][0] == batch.quantiles[name][at] for name in QUANTILES)


def test_the_plain_shape_writes_nothing_so_that_files_of_older_versions_stand(tmp_path):
    fitted("conformal")[1].save(tmp_path)
    assert not (tmp_path / "bands").exists()
    text = (tmp_path / "ensemble.json").read_text(encoding="utf-8")
    assert '"shape"' not in text
    assert '"isotonic"' not in text
    assert isinstance(Ensemble.load(tmp_path).shape, Conformal)


def test_a_shape_that_cannot_be_had_is_said_and_the_version_is_degraded():
    table = market()
    closes_only = replace(table, bars=replace(table.bars, close_only=True)).with_frame(table.frame.head(600))
    members = fit_members(closes_only, recipe("volatility"))
    ensemble = Ensemble.fit(members, recipe("volatility"), table.spec)
    assert isinstance(ensemble.shape, Conformal)
    assert ensemble.degraded
    (event,) = [event for event in ensemble.events if event["event"] == "unavailable"]
    assert event["bands"] == "volatility"
    assert "closes only" in event["reason"]


def test_a_row_of_no_volatility_has_no_learned_quantiles():
    table = market()
    still = table.with_frame(table.frame.tail(3).with_columns(vol=pl.lit(0.0)))
    with pytest.raises(InsufficientHistory, match="volatility of 0"):
        fitted("quantile_lgbm")[1].predict(still)


def test_a_band_said_too_wide_is_drawn_in_and_ends_no_further_in_than_the_one_inside():
    outcome = np.linspace(-1, 1, 400)
    wide = {name: np.full(400, 8.0 * (level - 0.5)) for name, level in QUANTILES.items()}
    bands = ConformalBands.fit_about(wide, outcome, np.ones(400), 400)
    assert bands.factors[0.8] < 0
    ladder = bands.quantiles(np.zeros(400), np.ones(400), wide)
    assert np.mean((outcome >= ladder["q10"]) & (outcome <= ladder["q90"])) == pytest.approx(0.8, abs=0.01)
    crossed = replace(bands, factors=bands.factors | {0.8: -9.0})
    ladder = np.column_stack(
        list(crossed.quantiles(np.zeros(4), np.ones(4), {n: v[:4] for n, v in wide.items()}).values())
    )
    assert (np.diff(ladder, axis=1) >= 0).all()


def test_an_unknown_shape_or_calibration_is_named():
    with pytest.raises(UnknownName, match="did you mean 'volatility'"):
        BAND_SHAPES.load("volatilty")
    with pytest.raises(UsageError, match="shrinkage, isotonic"):
        Recipe(calibration="isotonik")
