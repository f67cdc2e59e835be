"""Batches of windows, targets of spans, slices in time, the scaler."""

import numpy as np
import pytest
import torch

from augury.core.errors import SchemaMismatch, UsageError
from augury.labels.windows.spans import span_targets
from augury.learning.augment import OFF, AugmentSettings
from augury.learning.losses.focal import FocalLoss
from augury.models.deep.network import WindowOutput
from augury.models.deep.networks.simple_lstm import SimpleLstmNetwork
from augury.models.deep.windows.inputs import WindowInputs
from augury.models.deep.windows.objective import WindowObjective, WindowTargets
from augury.models.deep.windows.scaler import WindowScaler
from augury.models.deep.windows.spans import constant_hits, moved_spans, random_hits, span_report
from augury.models.deep.windows.task import WindowSet, WindowTask

N = 20


def prices(n=N, seed=0):
    close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, (n, 105)), axis=1))
    return np.stack([close, close * 1.002, close * 0.998, close], axis=2)


def task(augment=None, spans=None, **settings):
    windows = WindowSet(prices(), np.arange(N) % 2, spans)
    network = SimpleLstmNetwork(11, hidden=4, **settings)
    focal = FocalLoss().fit(torch.arange(N) % 2)
    inputs = WindowInputs().fit(windows.prices)
    objective = WindowObjective(focal, 2)
    return WindowTask(network, inputs, windows, windows, objective, batch_size=8, augment=augment)


@pytest.mark.parametrize("augment", [None, OFF])
def test_without_augmentation_batches_are_the_windows_bit_for_bit(augment):
    own = task(augment)
    plain = WindowInputs().fit(prices()).transform(prices())
    seen = np.concatenate([batch.x.numpy() for batch in own.batches(0)])
    codes = np.concatenate([batch.targets.codes.numpy() for batch in own.batches(0)])
    at = [int(np.flatnonzero((plain == row).all(axis=(1, 2)))[0]) for row in seen]
    assert sorted(at) == list(range(N))
    assert codes.tolist() == [row % 2 for row in at]


def test_an_epoch_has_the_same_batches_twice_and_another_epoch_others():
    own = task(AugmentSettings(time_warp_prob=0.5))
    first, again, other = (torch.cat([batch.x for batch in own.batches(epoch)]) for epoch in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_mixed_loss_is_the_shares_of_both_labels():
    focal = FocalLoss(gamma=2.0, class_weight=(1.0, 1.17))
    objective = WindowObjective(focal, 2)
    output = WindowOutput(torch.tensor([[2.0, 0.0], [-1.0, 1.0]]))
    own, other = (WindowTargets.of(np.array(codes), None, 105, torch.device("cpu")) for codes in ([0, 1], [1, 0]))
    share = torch.tensor([0.25, 0.75])
    mixed = objective.parts(output, own, other, share)["class"]
    one, two = (
        torch.stack([focal(output.logits[i : i + 1], t.codes[i : i + 1]) for i in range(2)]) for t in (own, other)
    )
    torch.testing.assert_close(mixed, (share * one + (1 - share) * two).mean())


def test_windows_without_a_span_give_span_heads_no_gradient():
    own = task(spans=span_targets([None] * N, [None] * N), outputs=["pointer", "span", "extent"])
    own.loss(next(own.batches(0))).backward()
    spans = own.network.spans
    assert all(float(tensor.grad.abs().max()) == 0 for tensor in spans.parameters())
    assert bool(own.network.head[0].weight.grad.any())


def test_span_heads_learn_from_windows_that_have_one():
    spans = span_targets([40] * N, [50] * N)
    own = task(spans=spans, outputs=["pointer", "span", "extent"])
    own.loss(next(own.batches(0))).backward()
    assert all(bool(tensor.grad.any()) for tensor in own.network.spans.parameters())
    with torch.no_grad():
        assert {"pointer_loss", "span_loss", "extent_loss", "start_hit_3"} <= set(own.measures())


def test_hits_by_chance_and_by_the_best_constant():
    assert [round(100 * random_hits(k), 1) for k in (0, 1, 3)] == [2.2, 6.6, 15.0]
    truth = np.array([5] * 6 + [20] * 4)
    assert [constant_hits(truth, k) for k in (0, 3)] == [0.6, 0.6]
    drawn = np.random.default_rng(0).integers(0, 45, (2, 200_000))
    assert np.mean(np.abs(drawn[0] - drawn[1]) <= 3) == pytest.approx(random_hits(3), abs=0.003)


def test_a_perfect_span_report_and_its_joint_share():
    truth = span_targets([30, 40, None], [35, 50, None])
    report = span_report(truth.start, truth.end, truth, np.array([True, False, True]))
    assert {score.hits for score in report.pointers} == {1.0}
    assert (report.f1, report.error_bars, report.joint, report.n) == (1.0, 0.0, 0.5, 2)
    assert "insufficient (n=2)" in report.pointers[0].text()


def test_a_warp_moves_the_span_with_its_bars():
    truth = span_targets([40, 32], [50, 40])
    places = np.stack([np.arange(105), np.minimum(np.arange(105) + 5, 104)])
    moved = moved_spans(truth, places)
    assert moved.known.tolist() == [True, False]
    np.testing.assert_array_equal(moved.start[0], truth.start[0])


def test_the_scaler_knows_training_windows_only_and_records_what_it_clips():
    x = np.random.default_rng(0).normal(3, 2, (50, 105, 2)).astype(np.float32)
    x[0, 0, 0] = 1e3
    scaler = WindowScaler().fit(x)
    assert scaler.clipped_share_ == pytest.approx(1 / x.size)
    assert scaler.transform(x).max() == 8.0
    np.testing.assert_allclose(scaler.mean_, x.astype(np.float64).mean(axis=(0, 1)))
    with pytest.raises(SchemaMismatch, match="2 columns"):
        scaler.transform(x[:, :, :1])


def test_scaled_returns_weigh_as_much_as_z_scores():
    scaled = WindowInputs().fit(prices(200)).transform(prices(200))
    spread = scaled.std(axis=(0, 1))
    assert ((spread > 0.5) | (spread == 0)).all()
    assert spread.max() < 1.1


def test_four_inputs_are_prices_over_the_first_close():
    inputs = WindowInputs(4).fit(prices())
    np.testing.assert_allclose(inputs.features(prices())[:, 0, 3], 1.0)
    np.testing.assert_allclose(inputs.transform(prices() * 1.3), inputs.transform(prices()), atol=1e-5)
    assert len({WindowInputs(11).feature_set, WindowInputs(4).feature_set, WindowInputs(4, raw=True).feature_set}) == 3
    with pytest.raises(UsageError, match="11 relative features"):
        WindowInputs(7)
