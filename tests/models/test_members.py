"""One door for members that read features and members that read closes; what cannot answer says so."""

import json
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from augury.core.bars import TIMESTAMP, Bars
from augury.core.errors import CorruptArtifact, DataError, InsufficientHistory, ModelError
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.recipe import Recipe
from augury.core.tables import FeatureTable
from augury.core.timeframe import Timeframe
from augury.labels.attach import attach
from augury.models.ensemble.ensemble import Ensemble
from augury.models.members import RECIPE_MEMBERS, ask, closes_of, places, probed
from augury.models.training import fit_members
from augury.proof.null_data import null_table

RECIPE = Recipe(members={"arima_garch": {"max_order": 1}, "logreg": {}}, folds=2)
QUICK = Recipe(members={"arima_garch": {"max_order": 0}, "trend_season": {}, "logreg": {}}, folds=2)


@cache
def planted_bars(n=1300, phi=0.5, seed=0):
    """AR(1) returns whose shocks are GARCH(1,1): the order of the closes says what follows, nothing else does."""
    rng = np.random.default_rng(seed)
    returns, shock, variance = [0.0], 0.0, 1e-4
    for draw in rng.normal(size=n - 1).tolist():
        variance = 2e-6 + 0.08 * shock**2 + 0.9 * variance
        shock = variance**0.5 * draw
        returns.append(phi * returns[-1] + shock)
    close = 100 * np.exp(np.cumsum(returns))
    opened = np.concatenate([[100.0], close[:-1]])
    noise = np.exp(np.abs(rng.normal(size=n)) * 0.003)
    days = np.busday_offset(np.datetime64("2000-01-03"), np.arange(n)).astype("datetime64[us]")
    frame = pl.DataFrame(
        {
            "symbol": ["AR"] * n,
            "ts": pl.Series(days).dt.replace_time_zone("UTC").cast(TIMESTAMP),
            "open": opened,
            "high": np.maximum(opened, close) * noise,
            "low": np.minimum(opened, close) / noise,
            "close": close,
            "volume": np.full(n, 1e6),
        }
    )
    return Bars(frame, Timeframe.D1)


def noise_table(bars, horizon_bars=1):
    """Rows whose features are noise."""
    rng = np.random.default_rng(1)
    manifest = FeatureManifest(tuple(FeatureSpec(f"f{at}", "noise", ("close",), 1) for at in range(3)))
    columns = [pl.Series(f"f{at}", rng.normal(size=1300).astype(np.float32)[: bars.frame.height]) for at in range(3)]
    table = FeatureTable(bars.frame.select("symbol", "ts").with_columns(columns), manifest, bars.data_version)
    labelled = attach(table, bars, LabelSpec(Timeframe.D1, f"{horizon_bars}d", horizon_bars, 0.005))
    return labelled.with_frame(labelled.frame.drop_nulls("vol"))


def train_rows(bars, last=950, horizon_bars=1):
    table = noise_table(bars, horizon_bars)
    return table.with_frame(table.frame.filter(pl.col("ts") <= bars.frame["ts"][last])).known()


@pytest.fixture(scope="module")
def bars():
    return planted_bars()


@pytest.fixture(scope="module")
def ensemble(bars):
    train = train_rows(bars)
    return Ensemble.fit(fit_members(train, RECIPE), RECIPE, train.spec)


@pytest.fixture(scope="module")
def quick(bars):
    train = train_rows(bars)
    fitted = fit_members(train, QUICK)
    return fitted, Ensemble.fit(fitted, QUICK, train.spec)


@pytest.fixture(scope="module")
def later(bars):
    table = noise_table(bars)
    return table.with_frame(table.frame.tail(300))


def test_a_series_member_earns_its_weight_where_the_order_of_the_closes_says_what_follows(ensemble, later):
    assert ensemble.weights["arima_garch"] > 0.75
    known = later.known()
    answer = ensemble.predict(known)
    assert np.corrcoef(answer.score, known.forward_returns)[0, 1] > 0.3
    assert ensemble.shrinkage.keep > 0.5
    assert not ensemble.degraded


def test_on_a_random_walk_with_garch_shocks_it_earns_no_direction_but_knows_when_little_moves(ensemble, later):
    bars = planted_bars(phi=0.0, seed=5)
    train = train_rows(bars)
    found = Ensemble.fit(fit_members(train, RECIPE), RECIPE, train.spec)
    rest = noise_table(bars)
    rest = rest.with_frame(rest.frame.tail(300)).known()
    answer = found.predict(rest)
    assert abs(np.corrcoef(answer.score, rest.forward_returns)[0, 1]) < 0.12
    told = ensemble.predict(later).expected_return
    assert np.std(answer.expected_return) < 0.3 * np.std(told)
    assert np.corrcoef(answer.proba[:, 1], np.abs(rest.forward_returns))[0, 1] < -0.05


def test_how_often_it_was_fitted_stands_with_the_version(quick):
    fitted, ensemble = quick
    entry = {entry.name: entry for entry in fitted.entries}["arima_garch"]
    assert entry.facts["n_fits"] == 2
    assert entry.facts["refit_every_bars"] > 200
    rolled = [event for event in ensemble.events if event["event"] == "rolled"]
    assert [event["member"] for event in rolled] == ["arima_garch", "trend_season"]
    assert rolled[0]["refit_every_bars"] == entry.facts["refit_every_bars"]


def test_rows_without_bars_enough_before_them_are_left_out_for_every_member(quick):
    fitted, _ = quick
    missing = {entry.name: entry.facts.get("n_unanswered", 0) for entry in fitted.entries}
    assert missing["logreg"] == 0 < missing["arima_garch"] == missing["trend_season"]
    assert {len(proba) for proba in fitted.out_of_fold.proba.values()} == {len(fitted.out_of_fold.rows)}
    first = fitted.train.frame["ts"][int(fitted.out_of_fold.rows[0])]
    assert closes_of(fitted.train).ts.searchsorted(np.datetime64(first.replace(tzinfo=None))) == 499
    alone = fit_members(fitted.train, QUICK.replace(members={"logreg": {}}))
    assert len(alone.out_of_fold.rows) == len(fitted.out_of_fold.rows) + missing["arima_garch"]
    shared = alone.out_of_fold.proba["logreg"][missing["arima_garch"] :]
    assert np.array_equal(shared, fitted.out_of_fold.proba["logreg"])


def test_bars_after_the_last_train_row_change_nothing_that_is_learned(bars, quick):
    fitted, ensemble = quick
    frame = bars.frame.with_columns(
        pl.when(pl.int_range(pl.len()) > 950).then(pl.col(name) * 3).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close")
    )
    other = replace(fitted.train, bars=bars.with_frame(frame))
    again = fit_members(other, QUICK)
    for name, proba in fitted.out_of_fold.proba.items():
        assert np.array_equal(again.out_of_fold.proba[name], proba), name
    assert Ensemble.fit(again, QUICK, other.spec).weights == ensemble.weights
    for name in ("arima_garch", "trend_season"):
        assert again.members[name]._fitted == fitted.members[name]._fitted


def test_the_out_of_fold_answer_of_a_row_does_not_depend_on_later_rows(bars, quick):
    """The folds are the same; only bars after the row are other ones."""
    fitted, _ = quick
    at = 700
    frame = bars.frame.with_columns(
        pl.when(pl.int_range(pl.len()) > at).then(pl.col("close") * 2).otherwise(pl.col("close")).alias("close")
    )
    again = fit_members(replace(fitted.train, bars=bars.with_frame(frame)), QUICK)
    ts = closes_of(fitted.train).ts[at]
    rows = fitted.train.frame["ts"].dt.replace_time_zone(None).to_numpy()[fitted.out_of_fold.rows]
    before = rows <= ts
    assert 100 < before.sum() < len(rows) - 100
    for name in ("arima_garch", "trend_season"):
        now, then = again.out_of_fold.proba[name], fitted.out_of_fold.proba[name]
        assert np.array_equal(now[before], then[before])
        assert not np.array_equal(now[~before], then[~before])


def test_a_served_row_is_answered_as_in_the_batch_to_the_bit_and_sees_no_later_bar(bars, quick, later):
    ensemble = quick[1]
    batch = ensemble.predict(later)
    for at in (0, 150, 299):
        cut = bars.with_frame(bars.frame.filter(pl.col("ts") <= later.frame["ts"][at]))
        row = replace(later.with_frame(later.frame[at : at + 1]), bars=cut)
        alone, dropped = ensemble.predict_with_status(row)
        assert dropped == ()
        for name in QUICK.members:
            assert np.array_equal(alone.members[name][0], batch.members[name][at]), (name, at)


def test_the_newest_bar_moves_what_a_live_series_member_says(ensemble, later):
    said = ask(ensemble.members["arima_garch"], later)
    signed = said[:, 2] - said[:, 0]
    past = np.diff(np.log(later.bars.frame["close"].to_numpy()))[-300:]
    assert np.corrcoef(signed, past)[0, 1] > 0.9


def test_without_its_package_a_member_is_unavailable_and_the_ensemble_degraded(bars, monkeypatch):
    monkeypatch.setitem(sys.modules, "prophet", None)
    train = train_rows(bars)
    recipe = Recipe(members={"prophet": {}, "trend_season": {}}, folds=2)
    fitted = fit_members(train, recipe)
    assert [(entry.name, entry.status) for entry in fitted.entries] == [
        ("prophet", "unavailable"), ("trend_season", "ready"),
    ]  # fmt: skip
    ensemble = Ensemble.fit(fitted, recipe, train.spec)
    assert ensemble.degraded
    assert ensemble.weights == {"trend_season": 1.0}
    (event,) = [event for event in ensemble.events if event["event"] == "unavailable"]
    assert 'pip install "augury[prophet]"' in event["reason"]
    with pytest.raises(ModelError, match="no member could be fitted"):
        fit_members(train, recipe.replace(members={"prophet": {}}))


def test_too_few_bars_bars_that_do_not_travel_and_two_symbols_are_unavailable_with_the_reason(bars):
    recipe = Recipe(members={"trend_season": {}, "logreg": {}}, folds=2)
    train = train_rows(bars)
    two = train.with_frame(
        train.frame.with_columns(pl.Series("symbol", ["AR", "B"] * (len(train) // 2 + 1))[: len(train)])
    )
    for table, reason in (
        (train_rows(bars, last=600), "needs 500 before the later half"),
        (replace(train, bars=None), "the table carries no bars"),
        (two, "the table carries 2 symbols"),
    ):
        entry = {entry.name: entry for entry in fit_members(table, recipe).entries}["trend_season"]
        assert entry.status == "unavailable"
        assert reason in entry.reason


def test_a_series_member_that_cannot_answer_is_dropped_and_named_and_the_weights_are_shared_out(quick, bars, later):
    ensemble = quick[1]
    late = bars.with_frame(bars.frame.tail(700))
    answer, dropped = ensemble.predict_with_status(replace(later, bars=late))
    assert dropped == ("arima_garch", "trend_season")
    assert set(answer.members) == {"logreg"}
    assert np.array_equal(answer.raw_proba, answer.members["logreg"])


def test_an_ensemble_with_series_members_survives_save_and_load_bit_for_bit(quick, later, tmp_path):
    ensemble = quick[1]
    ensemble.save(tmp_path)
    loaded = Ensemble.load(tmp_path)
    one, other = ensemble.predict(later), loaded.predict(later)
    assert np.array_equal(one.proba, other.proba)
    assert all(np.array_equal(one.quantiles[name], other.quantiles[name]) for name in one.quantiles)
    assert sorted(path.name for path in (tmp_path / "members" / "arima_garch").iterdir()) == ["member.json"]


def test_a_series_member_that_answers_otherwise_than_when_it_was_saved_is_not_served(quick, tmp_path):
    ensemble = quick[1]
    ensemble.save(tmp_path)
    path = tmp_path / "members" / "arima_garch" / "member.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["fitted"]["garch"]["omega"] *= 1.001
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(CorruptArtifact, match=r"answers .* to its probe row"):
        Ensemble.load(tmp_path)
    rest = Ensemble.load(tmp_path, allow_missing=True)
    assert rest.degraded
    assert set(rest.members) == {"trend_season", "logreg"}
    assert sum(rest.weights.values()) == pytest.approx(1)


def test_every_member_of_the_catalogues_can_be_named_in_a_recipe_and_only_once():
    names = RECIPE_MEMBERS.names()
    assert {"rf", "gb", "lgbm", "logreg", "arima_garch", "trend_season", "prophet"} <= set(names)
    assert len(names) == len(set(names))


def test_the_probe_of_a_series_member_moves_with_its_parameters(quick):
    member = quick[0].members["arima_garch"]
    answer = probed(member, ())
    assert sum(answer) == pytest.approx(1)
    assert answer == probed(member, (1.0, 2.0))


def test_a_row_that_is_no_bar_of_the_series_is_refused(bars):
    series = closes_of(noise_table(bars))
    with pytest.raises(DataError, match="not all of them bars"):
        places(series.ts, pl.Series([bars.frame["ts"][-1]]).dt.offset_by("1d"))
    with pytest.raises(InsufficientHistory, match="no bars"):
        closes_of(replace(noise_table(bars), bars=None))


def test_noise_features_are_noise_for_members_that_read_closes_too(bars):
    null = null_table(train_rows(bars), "noise_features", seed=3)
    ensemble = Ensemble.fit(fit_members(null, RECIPE), RECIPE, null.spec)
    assert ensemble.shrinkage.keep < 0.3
