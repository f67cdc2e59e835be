"""Quantiles are ordered for any input, each is trained by its own loss, and they hold what they say."""

from dataclasses import replace

import numpy as np
import pytest

from augury.core.errors import CorruptArtifact, DataError, InsufficientHistory, ModelError, UsageError
from augury.core.metrics.intervals import coverage, pinball
from augury.models.quantile_lgbm import LEVELS, QuantileLightGBM, QuantileSettings, _correction

QUICK = QuantileSettings(n_estimators=60, horizon_bars=5)


def market(n, seed=0):
    """Rows whose spread doubles with the first feature and whose centre leans on the second."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)).astype(np.float32)
    spread = np.where(X[:, 0] > 0, 0.02, 0.01)
    return X, 0.005 * X[:, 1] + spread * rng.standard_t(5, size=n)


@pytest.fixture(scope="module")
def fitted():
    X, y = market(20_000)
    settings = replace(QUICK, correction_share=0.5)
    return QuantileLightGBM(settings).fit(X[:12_000], y[:12_000]), X[12_000:], y[12_000:]


def test_no_quantiles_cross_in_a_hundred_thousand_random_rows():
    train, y = market(800)
    model = QuantileLightGBM(QUICK).fit(train, y)
    X = np.random.default_rng(1).normal(scale=3, size=(100_000, 4)).astype(np.float32)
    raw = model.raw(X)
    assert (np.diff(raw, axis=1) < 0).any(), "the boosters themselves cross somewhere, or this shows nothing"
    assert np.count_nonzero(np.diff(model.predict(X), axis=1) < 0) == 0


def test_each_quantile_is_trained_by_its_own_loss(fitted):
    model, X, y = fitted
    raw = model.raw(X)
    for at, level in enumerate(LEVELS):
        losses = [pinball(y, raw[:, other], level) for other in range(len(LEVELS))]
        assert int(np.argmin(losses)) == at


def test_every_quantile_holds_within_two_points_and_in_both_regimes_within_four(fitted):
    model, X, y = fitted
    said = model.predict(X)
    for at, level in enumerate(LEVELS):
        assert np.mean(y <= said[:, at]) == pytest.approx(level, abs=0.02)
    assert coverage(y, said[:, 0], said[:, 4]) == pytest.approx(0.80, abs=0.02)
    assert coverage(y, said[:, 1], said[:, 3]) == pytest.approx(0.50, abs=0.025)
    for regime in (X[:, 0] > 0, X[:, 0] <= 0):
        assert coverage(y[regime], said[regime, 0], said[regime, 4]) == pytest.approx(0.80, abs=0.04)
    width = said[:, 4] - said[:, 0]
    assert width[X[:, 0] > 0].mean() > 1.5 * width[X[:, 0] <= 0].mean()


def test_the_correction_repairs_boosters_that_are_wrong_and_is_kept_per_horizon():
    X, y = market(3000)
    late = y.copy()
    late[1500:] *= 2.5
    model = QuantileLightGBM(replace(QUICK, correction_share=0.5)).fit(X[:2500], late[:2500])
    said = model.predict(X[2500:])
    raw = model.raw(X[2500:])
    assert coverage(late[2500:], raw[:, 0], raw[:, 4]) < 0.70
    assert coverage(late[2500:], said[:, 0], said[:, 4]) == pytest.approx(0.80, abs=0.06)


def test_the_rank_of_a_correction_goes_outward():
    missed = np.arange(1.0, 20.0)
    assert [_correction(missed, level) for level in (0.10, 0.50, 0.90)] == [2.0, 10.0, 18.0]


def test_the_rows_that_correct_and_the_horizon_before_them_are_not_learned_from():
    X, y = market(1200)
    poisoned = y.copy()
    poisoned[895:] += 100.0
    clean, other = (QuantileLightGBM(QUICK).fit(X, target) for target in (y, poisoned))
    assert np.array_equal(clean.raw(X), other.raw(X))
    assert clean.n_corrected == 300


def test_a_scale_known_at_the_row_carries_a_calm_past_into_a_wild_present():
    X, y = market(4000)
    scale = np.where(np.arange(4000) < 3000, 1.0, 5.0)
    model = QuantileLightGBM(QUICK).fit(X[:3000], y[:3000], scale[:3000])
    said = model.predict(X[3000:], scale[3000:])
    assert coverage(5 * y[3000:], said[:, 0], said[:, 4]) == pytest.approx(0.80, abs=0.04)


def test_the_same_rows_give_the_same_quantiles_also_after_save_and_load(fitted, tmp_path):
    model, X, _ = fitted
    model.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".txt"}
    assert np.array_equal(QuantileLightGBM.load(tmp_path).predict(X), model.predict(X))
    train, y = market(20_000)
    again = QuantileLightGBM(model.settings).fit(train[:12_000], y[:12_000])
    assert np.array_equal(again.predict(X), model.predict(X))
    for name in ("q50.txt", "quantile.json"):
        whole = (tmp_path / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(whole[: len(whole) // 2], encoding="utf-8")
        with pytest.raises(CorruptArtifact, match="cannot be read"):
            QuantileLightGBM.load(tmp_path)
        (tmp_path / name).write_text(whole, encoding="utf-8")


def test_rows_with_missing_numbers_too_few_rows_and_wrong_settings_are_refused():
    X, y = market(400)
    holed = X.copy()
    holed[3, 1] = np.nan
    with pytest.raises(DataError, match="finite numbers only"):
        QuantileLightGBM().fit(holed, y)
    with pytest.raises(DataError, match="positive"):
        QuantileLightGBM().fit(X, y, np.zeros(400))
    with pytest.raises(DataError, match="do not belong together"):
        QuantileLightGBM().fit(X, y[:-1])
    with pytest.raises(InsufficientHistory, match="to learn quantiles from"):
        QuantileLightGBM().fit(X[:60], y[:60])
    with pytest.raises(ModelError, match="before a fit"):
        QuantileLightGBM().predict(X)
    with pytest.raises(UsageError):
        QuantileSettings(correction_share=0.9)
