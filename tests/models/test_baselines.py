"""Baselines see what a forecaster sees, and each says what its name says."""

import numpy as np
import polars as pl
import pytest

from augury.core.forecast import QUANTILES
from augury.models import BASELINES

NAMES = BASELINES.names()


@pytest.fixture(scope="module")
def train(table_of):
    return table_of(300, horizon_bars=5).known()


@pytest.fixture(scope="module")
def later(table_of):
    return table_of(200, horizon_bars=5, seed=1)


def of(name, train):
    return BASELINES.load(name)().fit(train)


def test_every_mandatory_baseline_is_there():
    assert {
        "majority", "always_up", "last_value", "drift", "momentum", "reversal",
        "persistence", "historical_volatility", "buy_and_hold",
    } <= set(NAMES)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_baseline_answers_every_row_with_a_class_and_a_finite_return(name, train, later):
    baseline = of(name, train)
    codes, expected = baseline.predict(later), baseline.expected_return(later)
    assert codes.dtype == np.int8
    assert codes.shape == expected.shape == (200,)
    assert set(codes.tolist()) <= {-1, 0, 1}
    assert np.isfinite(expected).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_baseline_never_reads_the_outcome_of_the_rows_it_answers(name, train, later):
    poisoned = later.with_frame(
        later.frame.with_columns(pl.lit(-9.9).alias("fwd_ret"), pl.lit(None, pl.Int8).alias("label"))
    )
    baseline = of(name, train)
    assert np.array_equal(baseline.predict(poisoned), baseline.predict(later))
    assert np.array_equal(baseline.expected_return(poisoned), baseline.expected_return(later))


def test_persistence_repeats_the_class_of_the_last_h_bars(train, later):
    row = later.with_frame(later.frame[100:104].with_columns(past_ret=pl.Series([-0.5, 0.001, 0.5, 0.0])))
    assert of("persistence", train).predict(row).tolist() == [-1, 0, 1, 0]
    assert of("reversal", train).predict(row).tolist() == [1, 0, -1, 0]
    assert of("momentum", train).predict(row).tolist() == [-1, 1, 1, 0]
    assert of("persistence", train).expected_return(row).tolist() == [-0.5, 0.001, 0.5, 0.0]


def test_persistence_on_shifted_rows_equals_the_label_of_h_bars_before(train, later):
    known = later.known()
    answers = of("persistence", train).predict(known)
    assert np.array_equal(answers[5:], known.y[:-5])


def test_constant_baselines_say_what_their_names_say(train, later):
    counts = [np.sum(train.y == code) for code in (-1, 0, 1)]
    assert set(of("majority", train).predict(later).tolist()) == {int(np.argmax(counts)) - 1}
    assert set(of("always_up", train).predict(later).tolist()) == {1}
    assert set(of("buy_and_hold", train).predict(later).tolist()) == {1}
    assert set(of("last_value", train).predict(later).tolist()) == {0}
    assert of("last_value", train).expected_return(later).tolist() == [0.0] * 200
    mean = train.forward_returns.mean()
    assert of("drift", train).expected_return(later) == pytest.approx(mean)
    assert of("buy_and_hold", train).expected_return(later) == pytest.approx(mean)


def test_historical_volatility_gives_normal_quantiles_of_vol_times_root_h(train, later):
    baseline = of("historical_volatility", train)
    quantiles = baseline.quantiles(later)
    assert list(quantiles) == list(QUANTILES)
    assert quantiles["q975"] - quantiles["q50"] == pytest.approx(1.959964 * 0.01 * np.sqrt(5), abs=1e-7)
    wide = later.with_frame(later.frame.with_columns(vol=pl.lit(0.5)))
    calm = later.with_frame(later.frame.with_columns(vol=pl.lit(0.001)))
    assert set(baseline.predict(calm).tolist()) == {0}
    assert 0 not in baseline.predict(wide).tolist()


def test_where_the_history_is_too_short_for_a_past_return_the_train_mean_is_expected(train, later):
    baseline = of("persistence", train)
    assert baseline.expected_return(later)[:5] == pytest.approx(train.forward_returns.mean())
