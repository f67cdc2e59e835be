"""A confidence is a frequency, or it says that it is raw."""

import numpy as np
import pytest

from augury.core.errors import DataError
from augury.core.labelspec import LabelSpec
from augury.core.metrics.calibration import ece, reliability
from augury.data.synthetic import SyntheticMarket
from augury.features.engine import build
from augury.labels.attach import attach
from augury.models import MEMBERS
from augury.models.alignment import align_proba
from augury.models.ensemble.isotonic import OUTCOMES_MIN, IsotonicCalibration, pooled


def loud(n, seed=0, power=3.0):
    """Outcomes drawn from true probabilities, and an answer that is too sure of itself."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet([1.5, 1.5, 1.5], n)
    codes = (rng.random(n)[:, None] > np.cumsum(true, axis=1)).sum(axis=1) - 1
    said = true**power
    return said / said.sum(axis=1, keepdims=True), codes.astype(np.int8)


def test_the_calibration_error_falls_on_the_synthetic_market():
    bars = SyntheticMarket(n_symbols=1, n_bars=2600, ic=0.1).bars()
    table = attach(build(bars), bars, LabelSpec(bars.timeframe, "1d", 1, 0.004)).known()
    X, y = table.X, table.y
    member = MEMBERS.load("gb")(n_estimators=50, max_depth=5).fit(X[:900], y[:900])
    said, codes = align_proba(member.predict_proba(X[901:]), member.classes_), y[901:]
    calibration = IsotonicCalibration.fit(said[:800], codes[:800], 800)
    before, after = ece(codes[801:], said[801:]), ece(codes[801:], calibration.apply(said[801:]))
    assert not calibration.raw
    assert after < 0.6 * before


def test_overconfident_answers_become_frequencies_within_their_interval():
    said, codes = loud(8000)
    moved = IsotonicCalibration.fit(said[:4000], codes[:4000], 4000).apply(said[4000:])
    assert ece(codes[4000:], said[4000:]) > 0.08
    assert ece(codes[4000:], moved) < 0.03
    bins = [one for one in reliability(codes[4000:], moved) if one.n >= 100]
    assert len(bins) >= 3
    assert np.mean([one.accuracy_low - 0.02 <= one.confidence <= one.accuracy_high + 0.02 for one in bins]) == 1.0


def test_below_the_least_number_of_independent_outcomes_the_confidence_is_raw_and_untouched():
    said, codes = loud(900)
    few = IsotonicCalibration.fit(said, codes, n_eff=900 / 5)
    assert few.raw
    assert np.array_equal(few.apply(said), said)
    assert not IsotonicCalibration.fit(said, codes, n_eff=OUTCOMES_MIN).raw


def test_the_answer_is_a_distribution_in_which_nothing_is_impossible_or_certain():
    said, codes = loud(2000, power=20.0)
    moved = IsotonicCalibration.fit(said, codes, 2000).apply(np.vstack([said, np.eye(3)]))
    assert moved.sum(axis=1) == pytest.approx(1, abs=1e-12)
    assert moved.min() > 0
    assert moved.max() < 1


def test_a_surer_answer_never_gets_a_smaller_frequency():
    said, codes = loud(3000)
    for places, frequencies in IsotonicCalibration.fit(said, codes, 3000).curves:
        assert (np.diff(places) > 0).all()
        assert (np.diff(frequencies) >= 0).all()


def test_blocks_pool_as_in_scikit_learn():
    from sklearn.isotonic import IsotonicRegression

    rng = np.random.default_rng(4)
    weights, values = rng.integers(1, 5, 300).astype(np.float64), np.linspace(0, 1, 300) + rng.normal(size=300)
    own = np.concatenate([np.full(size, mean) for _, mean, size in pooled(weights, values)])
    assert own == pytest.approx(IsotonicRegression().fit_transform(np.arange(300), values, sample_weight=weights))


def test_a_calibration_survives_json_bit_for_bit_and_refuses_what_it_cannot_read():
    said, codes = loud(500)
    for calibration in (IsotonicCalibration.fit(said, codes, 500), IsotonicCalibration.fit(said, codes, 10)):
        assert IsotonicCalibration.from_json(calibration.to_json()) == calibration
    with pytest.raises(DataError):
        IsotonicCalibration.fit(said, codes[:-1], 500)
