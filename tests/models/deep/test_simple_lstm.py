"""Exact sizes, the estimator, its modes, its transfer, what it refuses."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
import torch

from augury.core.errors import (
    DataError,
    InsufficientHistory,
    NotAForecast,
    NotTrained,
    SchemaMismatch,
    TransferMismatch,
    UsageError,
)
from augury.models.deep.network import parameter_count, tensor_count
from augury.models.deep.networks.compact_lstm import CompactLstmNetwork
from augury.models.deep.networks.simple_lstm import SimpleLstmNetwork
from augury.models.deep.windows.classifier import WindowClassifier
from augury.models.deep.windows.simple_lstm import ProductionSimpleLSTM, SimpleLSTM

QUICK = {"hidden_size": 4, "max_epochs": 2, "training": {"threads": 1}, "device": "cpu"}


def windows(n=40, seed=0, strength=0.0):
    """Random walks; with a strength, eight bars in the inner zone go up or down by their class."""
    generator = np.random.default_rng(seed)
    steps, y, at = generator.normal(0, 0.01, (n, 105)), generator.integers(0, 2, n), generator.integers(30, 60, n)
    for row in range(n):
        steps[row, at[row] : at[row] + 8] += strength * (1 if y[row] else -1)
    close = 100 * np.exp(np.cumsum(steps, axis=1))
    opened = np.concatenate([close[:, :1], close[:, :-1]], axis=1)
    wick = 1 + np.abs(generator.normal(0, 0.003, (2, n, 105)))
    bars = np.stack([opened, np.maximum(opened, close) * wick[0], np.minimum(opened, close) / wick[1], close], axis=2)
    return bars, np.where(y, "up", "down"), np.stack([at, at + 7], axis=1)


@pytest.fixture(scope="module")
def fitted():
    x, y, spans = windows()
    outputs = {"outputs": ["pointer", "span", "extent"]}
    return SimpleLSTM(**QUICK, network_settings=outputs).fit(x, y, spans=spans)


@pytest.mark.parametrize(
    ("settings", "parameters", "tensors", "encoder"),
    [
        ({"n_features": 4}, 409_186, 18, 137_216),
        ({"n_features": 11}, 416_354, 18, 144_384),
        ({"n_features": 4, "layers": 2}, 804_450, 26, 532_480),
        ({"n_features": 11, "layers": 2}, 811_618, 26, 539_648),
        ({"n_features": 11, "hidden": 32}, 30_434, 18, 11_520),
        ({"n_features": 4, "mode": "causal"}, 139_106, 14, 68_608),
        ({"n_features": 11, "mode": "causal"}, 142_690, 14, 72_192),
    ],
)
def test_sizes_are_exact(settings, parameters, tensors, encoder):
    network = SimpleLstmNetwork(**settings)
    assert (parameter_count(network), tensor_count(network)) == (parameters, tensors)
    assert parameter_count(network.encoder) == encoder


def test_heads_change_no_size_of_the_attention():
    assert {parameter_count(SimpleLstmNetwork(4, heads=heads)) for heads in (1, 2, 4)} == {409_186}


def test_blocks_have_their_sizes():
    network = SimpleLstmNetwork(4)
    sizes = [parameter_count(part) for part in (network.attention, network.norm, network.head)]
    assert sizes == [263_168, 512, 8_290]


def test_the_compact_net_has_its_three_heads_and_strong_dropout():
    network = CompactLstmNetwork(11)
    own = {"hidden": 96, "projection": 64, "input_dropout": 0.3, "dropout": 0.6}
    assert network.settings | own == network.settings
    assert network.settings["outputs"] == ["pointer", "span"]


def test_reading_the_last_bar_alone_gives_what_reading_all_bars_gives():
    torch.manual_seed(0)
    whole, x = SimpleLstmNetwork(4, hidden=8, outputs=["span"]).eval(), torch.randn(3, 105, 4)
    short = SimpleLstmNetwork(4, hidden=8).eval()
    short.load_state_dict({name: t for name, t in whole.state_dict().items() if not name.startswith("spans")})
    with torch.no_grad():
        torch.testing.assert_close(short(x).logits, whole(x).logits, rtol=0, atol=1e-6)


def test_attention_over_a_single_step_is_refused():
    with pytest.raises(UsageError, match="1 step"):
        SimpleLstmNetwork(4, hidden=4)(torch.zeros(2, 1, 4))


def test_a_retrospective_model_is_never_a_forecast(fitted):
    with pytest.raises(NotAForecast, match="never a forecast"):
        fitted.forecast(windows(2)[0])
    assert fitted.facts()["mode"] == "retrospective"


def test_a_causal_model_forecasts():
    x, y, _ = windows()
    model = SimpleLSTM(mode="causal", **QUICK).fit(x, y)
    np.testing.assert_array_equal(model.forecast(x[:3]), model.predict_proba(x[:3]))


def test_an_unknown_mode_is_refused():
    with pytest.raises(UsageError, match="retrospective, causal"):
        SimpleLSTM(mode="both")


def test_probabilities_sum_to_one_and_name_text_labels(fitted):
    x, _, _ = windows(5, seed=3)
    proba = fitted.predict_proba(x)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-12)
    assert set(fitted.predict(x)) <= {"down", "up"}
    assert fitted.classes_.tolist() == ["down", "up"]


def test_answers_do_not_depend_on_the_price_level(fitted):
    x, _, _ = windows(5, seed=3)
    np.testing.assert_allclose(fitted.predict_proba(x * 1.3), fitted.predict_proba(x), atol=1e-5)


def test_too_few_steps_are_said(fitted):
    assert "too_few_steps" in fitted.history_.warnings
    assert fitted.batch_size_ == 16


def test_the_latest_windows_select_and_overlapping_ones_are_dropped():
    x, y, _ = windows(40)
    ends = np.arange(40)[::-1]
    model = SimpleLSTM(**QUICK).fit(x, y, times=np.stack([ends - 3, ends], axis=1))
    assert model.slices_.select.tolist() == [5, 4, 3, 2, 1, 0]
    assert model.slices_.dropped == 3
    assert max(ends[model.slices_.fit]) < min(ends[model.slices_.select] - 3)


def test_windows_that_share_bars_are_told_without_times():
    close = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, 105 + 52 * 30)))
    bars = np.stack([close, close * 1.001, close * 0.999, close], axis=1)
    x = np.stack([bars[at : at + 105] for at in range(0, 52 * 30, 52)])
    model = SimpleLSTM(**QUICK).fit(x, np.arange(30) % 2)
    # Half of each window is the next one's: only one window reaches over the border, and one shares its edge bar.
    assert 1 <= model.slices_.dropped <= 2


def test_the_order_of_labels_does_not_matter():
    x, y, _ = windows()
    reverse = {"up": "a", "down": "b"}
    first = SimpleLSTM(**QUICK).fit(x, y)
    second = SimpleLSTM(**QUICK).fit(x, [reverse[label] for label in y])
    assert first.history_.epochs[0].measures.keys() == second.history_.epochs[0].measures.keys()
    assert second.classes_.tolist() == ["a", "b"]


def test_two_fits_are_bit_equal_and_leave_the_random_state_alone():
    x, y, _ = windows()
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, second = (SimpleLSTM(**QUICK).fit(x, y) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(first.predict_proba(x), second.predict_proba(x))


def test_a_saved_model_answers_bit_equally_in_a_new_process(fitted, tmp_path):
    x = windows(6, seed=3)[0]
    fitted.save(tmp_path / "model")
    np.save(tmp_path / "x.npy", x)
    code = (
        "import sys, json, numpy as np, torch; torch.set_num_threads(1)\n"
        "from augury.models.deep.windows.simple_lstm import SimpleLSTM\n"
        "m = SimpleLSTM.load(sys.argv[1]); x = np.load(sys.argv[2])\n"
        "print(json.dumps([m.predict_proba(x).tolist(), [s.tolist() for s in m.predict_spans(x)], m.mode]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "model"), str(tmp_path / "x.npy")]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    proba, spans, mode = json.loads(said.stdout)
    torch.set_num_threads(1)
    np.testing.assert_array_equal(proba, fitted.predict_proba(x))
    np.testing.assert_array_equal(spans, fitted.predict_spans(x))
    assert mode == "retrospective"


def test_found_spans_lie_in_the_inner_zone(fitted):
    start, end = fitted.predict_spans(windows(8, seed=3)[0])
    assert (start >= 30).all()
    assert (end <= 74).all()
    assert (start < end).all()


def test_a_transfer_passes_its_proof_and_says_three_lines(fitted, tmp_path):
    fitted.save(tmp_path)
    model = ProductionSimpleLSTM(tmp_path, unfreeze_schedule=[1, 2, 3], **QUICK | {"max_epochs": 4})
    assert model.transfer_learning_enabled
    assert len(model.log_) == 3
    assert "8/8 tensors" in model.log_[0]
    x, y, _ = windows(seed=2)
    model.fit(x, y)
    assert [event["event"] for event in model.events_] == ["scheduled", "released", "released", "released"]
    rates = model.history_.epochs[-1].rates
    assert rates["encoder.layer_0"] == pytest.approx(0.1 * rates["head"])
    np.testing.assert_array_equal(model.inputs_.scaler.mean_, fitted.inputs_.scaler.mean_)


def test_until_its_epoch_the_encoder_is_the_checkpoint_bit_for_bit(fitted, tmp_path):
    fitted.save(tmp_path)
    x, y, _ = windows(seed=2)
    model = ProductionSimpleLSTM(tmp_path, unfreeze_schedule=0, **QUICK).fit(x, y)
    own, its = model.network_.encoder.state_dict(), fitted.network_.encoder.state_dict()
    assert all(torch.equal(own[name], its[name]) for name in own)


def test_a_wrong_encoder_raises_in_the_constructor(fitted, tmp_path):
    fitted.save(tmp_path)
    with pytest.raises(TransferMismatch):
        ProductionSimpleLSTM(tmp_path, hidden_size=8)
    with pytest.raises(TransferMismatch):
        ProductionSimpleLSTM(tmp_path, hidden_size=4, input_dim=4)
    assert not ProductionSimpleLSTM(hidden_size=8).transfer_learning_enabled


def test_a_failed_transfer_leaves_a_fitted_model_as_it_was(fitted, tmp_path):
    x, y, _ = windows(seed=2)
    model = SimpleLSTM(**QUICK | {"hidden_size": 6}, unfreeze_schedule=1).fit(x, y)
    before = model.predict_proba(x)
    fitted.save(tmp_path)
    with pytest.raises(TransferMismatch):
        model.load_pretrained_encoder(tmp_path)
    np.testing.assert_array_equal(model.predict_proba(x), before)
    assert model.pretrained_encoder_path is None
    assert not model.transfer_learning_enabled


def test_a_schedule_that_would_never_run_is_refused_at_once(fitted, tmp_path):
    fitted.save(tmp_path)
    with pytest.raises(UsageError, match="never"):
        ProductionSimpleLSTM(tmp_path, **QUICK | {"max_epochs": 10})


def test_scikit_learn_can_clone_it():
    from sklearn.base import clone, is_classifier

    model = ProductionSimpleLSTM(max_epochs=3, augment=False)
    assert clone(model).get_params() == model.get_params()
    assert is_classifier(model)
    with pytest.raises(ValueError, match="no setting 'epochs'"):
        model.set_params(epochs=3)


def test_defaults_are_those_of_the_book():
    model = ProductionSimpleLSTM()
    assert (model.unfreeze_schedule, model.encoder_lr_multiplier, model.hidden_size) == ([10, 20, 30], 0.1, 128)
    assert (model.learning_rate, model.dropout, model.random_state, model.max_epochs) == (5e-4, 0.3, 1337, 60)
    plan = SimpleLSTM().plan()
    assert plan.network_settings == {"hidden": 128, "dropout": 0.1, "mode": "retrospective"}
    assert plan.augment.time_warp_prob == 0.0
    assert (plan.training.patience, plan.training.weight_decay, plan.training.clip_norm) == (20, 1e-4, 1.0)


def test_side_features_are_scaled_by_the_training_windows_and_required_after():
    x, y, _ = windows()
    side = np.random.default_rng(0).normal(50, 10, (40, 3))
    model = SimpleLSTM(**QUICK, network_settings={"fusion": "gate"}).fit(x, y, side=side)
    np.testing.assert_allclose(model.side_scaler_.mean_, side[model.slices_.fit].mean(axis=0), rtol=1e-5)
    assert model.predict_proba(x[:2], side=side[:2]).shape == (2, 2)
    with pytest.raises(SchemaMismatch, match="3 side features"):
        model.predict(x[:2])


@pytest.mark.parametrize("balance", ["sigma", "projection"])
def test_heads_can_be_balanced(balance):
    x, y, spans = windows()
    outputs = {"outputs": ["pointer", "span"]}
    model = SimpleLSTM(**QUICK, network_settings=outputs, balance=balance).fit(x, y, spans=spans)
    assert np.isfinite([record.loss for record in model.history_.epochs]).all()


def test_temperature_is_fitted_on_windows_that_neither_trained_nor_selected():
    x, y, _ = windows(60)
    model = SimpleLSTM(**QUICK, calibration="temperature").fit(x, y)
    slices = model.slices_
    assert slices.calibrate.tolist() == list(range(54, 60))
    assert not set(slices.calibrate) & (set(slices.select) | set(slices.fit))
    assert model.temperature_.n == 6


@pytest.mark.parametrize(
    ("y", "error", "said"),
    [
        (["a"] * 40, InsufficientHistory, "two classes"),
        (["a", None] * 20, DataError, "window 1 has no label"),
        (["a", "b"], UsageError, "2 labels for 40 windows"),
        (None, UsageError, "no labels"),
    ],
)
def test_labels_that_can_not_be_learnt_are_refused(y, error, said):
    with pytest.raises(error, match=said):
        SimpleLSTM(**QUICK).fit(windows()[0], y)


def test_short_windows_are_refused_and_longer_ones_lose_their_oldest_bars(fitted):
    x, _, _ = windows(3)
    with pytest.raises(InsufficientHistory, match="need=105 have=104"):
        fitted.predict(x[:, :104])
    longer = np.concatenate([x[:, :1], x], axis=1)
    np.testing.assert_array_equal(fitted.predict_proba(longer), fitted.predict_proba(x))


def test_an_unfitted_model_says_so():
    with pytest.raises(NotTrained):
        SimpleLSTM().predict(windows(2)[0])


def test_class_weights_come_from_the_training_labels_and_a_wrong_number_is_refused():
    x, y, _ = windows()
    with pytest.raises(UsageError, match="3 numbers"):
        SimpleLSTM(**QUICK, class_weight=(1.0, 1.17, 2.0)).fit(x, y)


def test_windows_with_all_they_know_are_taken_whole():
    from augury.data.synthetic import SyntheticMarket
    from augury.labels.windows import extract_windows

    found = extract_windows(SyntheticMarket(n_symbols=1, n_bars=1800).bars())
    labels = pl.Series("label", ["a", "b"] * 40)[: len(found)]
    labelled = type(found)(found.prices, found.frame.with_columns(labels), found.timeframe)
    model = WindowClassifier(network="compact_lstm", **QUICK).fit(labelled)
    assert model.classes_.tolist() == ["a", "b"]
    assert model.slices_.dropped >= 1
    assert model.network_.settings["hidden"] == 4


def test_a_report_says_mode_size_and_word(fitted):
    x, y, _ = windows(60, seed=4)
    report = fitted.report(x, y)
    assert report.text().startswith("retrospective: ")
    assert report.accuracy.n == 60
    assert report.accuracy.baseline >= 0.5
    assert report.word in ("better", "not better", "collapsed")
    with pytest.raises(UsageError, match="sideways"):
        fitted.report(x, ["sideways"] * 60)
