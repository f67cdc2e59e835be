"""Whether a network can learn at all, and whether it still answers."""

from __future__ import annotations

import numpy as np
import pytest
from line_task import LineTask
from torch import Tensor, nn

from augury.core.errors import Collapsed, DataError, ModelError
from augury.learning.loop import gradient_flow
from augury.learning.loop.collapse import of_classes, of_scores


class Unwired(nn.Module):
    """One part is never called, one has no influence."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.lost, self.muted = nn.Linear(4, 1), nn.Linear(4, 1), nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.used(x) + 0.0 * self.muted(x)
        return out[:, 0]


def test_gradient_reaches_every_tensor_of_a_sound_network_and_leaves_no_trace() -> None:
    task = LineTask(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0)))
    task.network.eval()
    flow = gradient_flow(task)
    flow.refuse_dead()
    assert (str(flow), flow.dead) == ("4/4", ())
    assert all(parameter.grad is None for parameter in task.network.parameters())
    assert not task.network.training


def test_dead_tensors_are_named() -> None:
    flow = gradient_flow(LineTask(Unwired()))
    assert flow.dead == ("lost.weight", "lost.bias", "muted.weight", "muted.bias")
    with pytest.raises(ModelError, match=r"2/6, dead: lost\.weight"):
        flow.refuse_dead()


def test_frozen_tensors_are_not_asked_for() -> None:
    network = Unwired()
    network.lost.requires_grad_(False)
    network.muted.requires_grad_(False)
    gradient_flow(LineTask(network)).refuse_dead()


def test_a_constant_predictor_and_an_always_up_head_are_collapsed() -> None:
    y = np.random.default_rng(1).normal(size=400) * 0.01
    for said in (np.full(400, 0.001), 1e-3 * y, 0.01 + 0.1 * y):
        with pytest.raises(Collapsed, match="collapsed over n=400"):
            of_scores(said, y).refuse_collapsed()


def test_small_honest_spread_passes_in_any_unit() -> None:
    random = np.random.default_rng(2)
    y = random.normal(size=4000)
    said = 0.03 * (0.03 * y + random.normal(size=4000))
    for unit in (1e-4, 1.0, 1e4):
        found = of_scores(unit * said, unit * y)
        found.refuse_collapsed()
        assert found.sd_ratio == pytest.approx(0.03, rel=0.1)
        assert found.correlation == pytest.approx(0.03, abs=0.05)


def test_one_sign_is_no_fault_where_the_target_has_one_too() -> None:
    y = np.random.default_rng(3).uniform(1, 2, 100)
    assert of_scores(y, y).reasons == ()


def test_one_class_for_nearly_every_row_is_collapsed_whatever_its_accuracy() -> None:
    with pytest.raises(Collapsed, match=r"96.0% of one class > 95%"):
        of_classes(np.r_[np.zeros(96), np.ones(4)], 2).refuse_collapsed()
    of_classes(np.r_[np.zeros(90), np.ones(10)], 2).refuse_collapsed()


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(DataError, match="does not move"):
        of_scores(np.arange(3.0), np.ones(3))
    with pytest.raises(DataError, match="finite"):
        of_scores(np.array([1.0, np.nan]), np.ones(2))
    with pytest.raises(DataError, match="no class"):
        of_classes(np.array([]), 2)
