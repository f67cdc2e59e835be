"""IsBuy and IsSell: four slices decide four things, and what is kept answers the same."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from augury.core.errors import InsufficientHistory, LeakError, NotTrained, SchemaMismatch, UsageError
from augury.models.signals import SignalClassifier, SignalSlices
from augury.models.signals.bodies import BODIES
from augury.models.signals.bodies.lgbm import focal_terms
from augury.models.signals.calibration import BinaryCalibration, best_limit

N = 1600
SETTINGS = {
    "lgbm": {"n_estimators": 60, "learning_rate": 0.1},
    "lstm_transformer": {
        "network": {"hidden": 8, "width": 16, "blocks": 1, "feed_forward": 16},
        "training": {"epochs": 5, "learning_rate": 5e-3, "threads": 1},
    },
}
SLICES = SignalSlices(*(np.arange(*ends) for ends in ((0, 800), (805, 1000), (1005, 1200), (1205, 1400))))


def planted(strength: float = 0.7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 4, 3)).astype(np.float32)
    return x, strength * x[:, -1, 0] + np.sqrt(1 - strength**2) * rng.normal(size=N)


def of(body: str, x: np.ndarray) -> np.ndarray:
    return x if body == "lstm_transformer" else x[:, -1]


@pytest.fixture(scope="module", params=sorted(SETTINGS))
def fitted(request) -> tuple[SignalClassifier, np.ndarray, np.ndarray]:
    x, returns = planted()
    x = of(request.param, x)
    return SignalClassifier(request.param, body_settings=SETTINGS[request.param]).fit(x, returns, SLICES), x, returns


def test_the_catalogue_holds_both_bodies() -> None:
    assert set(SETTINGS) <= {name for name, _ in BODIES}


def test_a_planted_signal_is_said_and_probabilities_add_up(fitted) -> None:
    model, x, returns = fitted
    said = model.predict(x[1405:])
    assert np.allclose(said.select("p_buy", "p_sell", "p_hold").sum_horizontal(), 1)
    assert said.select("p_buy", "p_sell", "p_hold").min_horizontal().min() >= 0
    word, later = said["signal"].to_numpy(), returns[1405:]
    assert {"buy", "sell"} <= set(word) <= {"buy", "sell", "hold"}
    assert later[word == "buy"].mean() > 0.2 > -0.2 > later[word == "sell"].mean()


def test_probabilities_are_frequencies_on_rows_that_decided_nothing(fitted) -> None:
    model, x, returns = fitted
    said = model.predict(x[1405:])["p_buy"].to_numpy()
    assert abs(said.mean() - (returns[1405:] > model.labels_.buy_return).mean()) < 0.12


def test_percentiles_limits_and_curves_each_come_from_their_own_slice(fitted) -> None:
    model, x, returns = fitted
    again = SignalClassifier(model.body, body_settings=model.body_settings)
    other = returns.copy()
    other[SLICES.choose] = -other[SLICES.choose]
    again.fit(x, other, SLICES)
    assert again.labels_ == model.labels_
    assert again._curves == model._curves
    assert again.limits_ != model.limits_


def test_rows_outside_of_the_slices_change_nothing(fitted) -> None:
    model, x, returns = fitted
    outside = np.setdiff1d(np.arange(N), np.concatenate(list(vars(SLICES).values())))
    changed, other = x.copy(), returns.copy()
    changed[outside], other[outside] = 9.0, 9.0
    again = SignalClassifier(model.body, body_settings=model.body_settings).fit(changed, other, SLICES)
    assert again.predict(x).equals(model.predict(x))


def test_answers_are_bit_equal_after_saving_and_loading(fitted, tmp_path: Path) -> None:
    model, x, _ = fitted
    model.save(tmp_path)
    loaded = SignalClassifier.load(tmp_path)
    assert loaded.predict(x).equals(model.predict(x))
    assert loaded.facts() == model.facts()
    if model.body == "lgbm":
        np.save(tmp_path / "x.npy", x)
        code = (
            "import sys, numpy as np; from pathlib import Path; from augury.models.signals import SignalClassifier\n"
            "at = Path(sys.argv[1]); print(SignalClassifier.load(at).predict(np.load(at / 'x.npy')).hash_rows().sum())"
        )
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
        assert int(done.stdout) == model.predict(x).hash_rows().sum()


def test_noise_earns_no_spread_of_probabilities() -> None:
    x, returns = planted(strength=0.0)
    said = SignalClassifier(body_settings=SETTINGS["lgbm"], calibration="platt").fit(x[:, -1], returns, SLICES)
    assert said.predict(x[1405:, -1])["p_buy"].std() < 0.05


def test_slices_that_share_a_row_or_lie_out_of_order_are_refused() -> None:
    rows = [np.arange(k, k + 60) for k in (0, 60, 120, 180)]
    SignalSlices(*rows)
    with pytest.raises(LeakError, match="'stop' ends at row 119 and 'calibrate' begins at row 119"):
        SignalSlices(rows[0], rows[1], rows[2] - 1, rows[3])
    with pytest.raises(LeakError):
        SignalSlices(rows[1], rows[0], rows[2], rows[3])
    with pytest.raises(InsufficientHistory, match="'choose' has 10 rows"):
        SignalSlices(*rows[:3], rows[3][:10])


def test_slices_by_time_leave_out_outcomes_known_too_late() -> None:
    made = np.repeat(np.arange(400), 4)
    slices = SignalSlices.of_times(made + 20, made)
    parts = list(vars(slices).values())
    for before, after in pairwise(parts):
        assert (made[before] + 20).max() < made[after].min()
    with pytest.raises(UsageError, match="shares"):
        SignalSlices.of_times(made, made, (0.5, 0.1, 0.1, 0.1))


def test_both_calibrations_rise_and_a_falling_score_is_not_turned_around() -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(size=900)
    hit = rng.random(900) < 1 / (1 + np.exp(-2 * z))
    for method in ("isotonic", "platt"):
        said = BinaryCalibration.fit(z, hit, method).apply(np.linspace(-3, 3, 50))
        assert (np.diff(said) >= 0).all()
        assert 0 < said.min() < 0.2 < 0.8 < said.max() < 1
    assert np.ptp(BinaryCalibration.fit(-z, hit, "platt").apply(z)) == 0
    with pytest.raises(UsageError, match="isotonic, platt"):
        BinaryCalibration.fit(z, hit, "beta")


def test_a_limit_lets_through_more_than_luck() -> None:
    said, hit = np.linspace(0, 1, 100), np.zeros(100, dtype=bool)
    hit[-1] = True
    assert best_limit(said, hit) == pytest.approx(said[95])


def test_the_focal_objective_has_the_slope_and_bend_of_its_loss() -> None:
    z, step = np.linspace(-2, 2, 9), 1e-5
    for hit in (np.ones(9, bool), np.zeros(9, bool)):
        _, slope, bend = focal_terms(z, hit, 0.3)
        above, below = focal_terms(z + step, hit, 0.3), focal_terms(z - step, hit, 0.3)
        np.testing.assert_allclose(slope, (above[0] - below[0]) / (2 * step), rtol=1e-5, atol=1e-8)
        true = (above[1] - below[1]) / (2 * step)
        np.testing.assert_allclose(bend, np.maximum(true, 1e-4 * np.where(hit, 0.3, 0.7)), rtol=1e-4, atol=1e-8)


def test_asking_too_early_another_width_or_one_kind_only_is_refused(fitted) -> None:
    model, x, returns = fitted
    with pytest.raises(NotTrained):
        SignalClassifier().predict(x)
    with pytest.raises(SchemaMismatch, match="reads rows of"):
        model.predict(x[..., :2])
    flat = returns.copy()
    flat[SLICES.calibrate] = 0.0
    with pytest.raises(UsageError, match="'calibrate'"):
        SignalClassifier(model.body, body_settings=model.body_settings).fit(x, flat, SLICES)
