"""A volatility model is worth its name when it beats the last 20 bars on bars it had not seen."""

import json

import numpy as np
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, InsufficientHistory, NotTrained, UsageError
from augury.data.sources.arch import SOURCE
from augury.models.volatility.models import Boosted, Garch, Har, Historical, annualised
from augury.models.volatility.ranges import RangeSeries
from augury.models.volatility.walk import qlike, walk_forward

FIRST = 1500
MODELS = (Har, Garch, Boosted)


@pytest.fixture(scope="module")
def sp500():
    return RangeSeries.of(SOURCE.load(["^GSPC"]), "^GSPC")


@pytest.fixture(scope="module")
def walked(sp500):
    return {kind: walk_forward(kind, sp500, first=FIRST, refit_every=504) for kind in (Historical, *MODELS)}


@pytest.mark.parametrize("kind", MODELS)
def test_each_model_has_a_smaller_qlike_than_20_day_volatility_on_the_sp500_out_of_sample(walked, kind):
    test = walked[kind].against(walked[Historical])
    assert test.statistic < 0
    assert test.p < 0.01


def test_the_best_of_them_beats_the_baseline_by_far_and_on_longer_horizons_too(sp500, walked):
    best = min(walked.values(), key=lambda one: one.losses.mean())
    assert best.against(walked[Historical]).p < 1e-5
    weekly = [walk_forward(kind, sp500, 5, first=FIRST, refit_every=504) for kind in (Historical, Har)]
    assert weekly[1].against(weekly[0]).p < 0.01


@pytest.mark.parametrize("kind", MODELS)
def test_the_variance_forecast_is_in_the_unit_of_squared_returns(walked, kind):
    assert walked[kind].variance.mean() == pytest.approx(walked[kind].realised.mean(), rel=0.15)


@pytest.mark.parametrize("kind", [Historical, *MODELS])
def test_no_forecast_depends_on_a_later_bar(sp500, kind):
    model = kind(5).fit(sp500.until(1200))
    whole, cut = model.predict(sp500.until(1500)), model.predict(sp500.until(1300))
    assert np.array_equal(whole[:1300], cut, equal_nan=True)
    assert np.isfinite(whole[100:]).all()
    again = kind(5).fit(sp500.until(1500).until(1200))
    assert again.to_json() == model.to_json()


@pytest.mark.parametrize("kind", [Historical, *MODELS])
def test_a_model_survives_json_bit_for_bit(sp500, kind):
    model = kind(5).fit(sp500.until(1200))
    loaded = kind.from_json(json.loads(json.dumps(model.to_json())))
    assert np.array_equal(loaded.predict(sp500), model.predict(sp500), equal_nan=True)


@pytest.mark.parametrize("sigma", [0.001, 0.01, 0.1])
def test_a_market_of_known_constant_volatility_is_measured_at_every_scale(sigma):
    rng = np.random.default_rng(0)
    steps = sigma / np.sqrt(64) * rng.normal(size=(1200, 64))
    path = np.cumsum(steps, axis=1)
    opens = np.concatenate([[0.0], np.cumsum(path[:, -1])[:-1]])
    high, low = (opens + end(path, axis=1) for end in (np.max, np.min))
    series = RangeSeries("A", opens, np.maximum(high, opens), np.minimum(low, opens), opens + path[:, -1])
    for kind in MODELS:
        said = np.sqrt(kind().fit(series.until(1000)).predict(series)[1000:])
        assert said.mean() == pytest.approx(sigma, rel=0.08)


def test_qlike_is_smallest_in_expectation_for_the_true_variance_and_allows_a_return_of_zero():
    realised = np.random.default_rng(1).normal(size=20_000) ** 2
    losses = [qlike(realised, np.full(20_000, variance)).mean() for variance in (0.5, 0.9, 1.0, 1.1, 2.0)]
    assert int(np.argmin(losses)) == 2
    assert losses[0] > losses[-1]
    assert np.isfinite(qlike(np.zeros(1), np.ones(1))).all()


def test_a_bar_that_stood_still_has_a_small_variance_made_of_the_past_only():
    prices = np.array([0.0, 0.01, 0.01, 0.02, 0.5])
    one = RangeSeries("A", np.r_[0.0, prices[:-1]], prices + np.r_[0.01, 0.01, 0, 0.01, 0.01], prices, prices)
    still = RangeSeries("A", prices, prices, prices, prices)
    assert np.isfinite(one.variance).all()
    assert one.variance[2] == pytest.approx(0.01 * np.median(one.variance[:2]))
    assert np.isnan(still.variance[0])


def test_bars_without_ranges_or_with_too_little_history_are_refused(sp500):
    frame = SOURCE.load(["^GSPC"]).frame
    holed = Bars(frame.with_columns(high=frame["close"].replace(frame["close"][7], None)), SOURCE.load().timeframe)
    with pytest.raises(DataError, match="a range needs open, high, low and close"):
        RangeSeries.of(holed, "^GSPC")
    for kind in MODELS:
        with pytest.raises(InsufficientHistory):
            kind().fit(sp500.until(150))
        with pytest.raises(NotTrained):
            kind().to_json()
    with pytest.raises(UsageError, match="do not fit a series"):
        walk_forward(Har, sp500, first=6000)
    with pytest.raises(DataError, match="at least one bar ahead"):
        Har(0)


def test_two_walks_are_compared_on_the_same_bars_only(sp500, walked):
    other = walk_forward(Historical, sp500, first=FIRST + 1)
    with pytest.raises(UsageError, match="same bars"):
        walked[Har].against(other)


def test_a_daily_percent_is_sixteen_percent_a_year():
    assert annualised(np.array([1e-4]), 252.0)[0] == pytest.approx(0.1587, abs=1e-4)
