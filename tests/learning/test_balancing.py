"""Several losses on one network."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from augury.core.errors import UsageError
from augury.learning.balancing import UncertaintyWeights, without_conflict


def gradient(value: Tensor, parameters: list[nn.Parameter]) -> list[Tensor]:
    return list(torch.autograd.grad(value, parameters))


def test_learned_weights_go_to_one_half_over_the_loss() -> None:
    weights = UncertaintyWeights(["noisy", "clear"])
    losses = {"noisy": torch.tensor(4.0), "clear": torch.tensor(0.25)}
    optimizer = torch.optim.Adam(weights.parameters(), lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        weights(losses).backward()
        optimizer.step()
    assert weights.shown() == pytest.approx({"noisy": 0.125, "clear": 2.0}, rel=1e-3)
    with pytest.raises(UsageError, match="each task has one"):
        weights({"noisy": torch.tensor(1.0)})
    with pytest.raises(UsageError, match="once each"):
        UncertaintyWeights(["a", "a"])


def test_gradients_that_pull_apart_lose_what_they_pull_along_each_other() -> None:
    shared = nn.Parameter(torch.zeros(2))
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 1.0])
    losses = [(shared * one).sum(), (shared * other).sum() + 3.0]
    value = without_conflict(losses, [shared])
    # cos = -0.71. one - (one.other / 2) other = (0.5, 0.5); other - (one.other / 1) one = (0, 1).
    assert torch.allclose(gradient(value, [shared])[0], torch.tensor([0.5, 1.5]))
    assert float(value.detach()) == 3.0


@pytest.mark.parametrize("angle", [-0.29, 0.0, 0.9])
def test_gradients_that_hardly_conflict_are_plainly_added(angle: float) -> None:
    shared = nn.Parameter(torch.zeros(2))
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([angle, (1 - angle**2) ** 0.5])
    value = without_conflict([(shared * one).sum(), (shared * other).sum()], [shared])
    assert torch.allclose(gradient(value, [shared])[0], one + other)
    strict = without_conflict([(shared * one).sum(), (shared * other).sum()], [shared], threshold=0.0)
    assert torch.allclose(gradient(strict, [shared])[0], one + other) == (angle >= 0)


def test_heads_get_the_plain_sum_and_frozen_or_unused_tensors_are_left_out() -> None:
    torch.manual_seed(1)
    body, heads, unused = nn.Linear(3, 2), nn.Linear(2, 2), nn.Parameter(torch.ones(1))
    x = torch.randn(8, 3)
    body.bias.requires_grad = False

    def losses() -> list[Tensor]:
        out = heads(body(x))
        return [(out[:, 0] - 1).square().mean(), (out[:, 0] + 1).square().mean()]

    shared = [*body.parameters(), unused]
    plain = gradient(sum(losses(), torch.zeros(())), list(heads.parameters()))
    found = gradient(without_conflict(losses(), shared), list(heads.parameters()))
    assert all(torch.allclose(a, b) for a, b in zip(plain, found, strict=True))
    without_conflict(losses(), shared).backward()  # type: ignore[no-untyped-call]
    assert body.bias.grad is None


def test_one_loss_is_itself() -> None:
    shared = nn.Parameter(torch.ones(2))
    assert torch.equal(gradient(without_conflict([shared.sum()], [shared]), [shared])[0], torch.ones(2))
