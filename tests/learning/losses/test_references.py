"""Numbers that were worked out elsewhere."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.losses import (
    BinaryFocalLoss,
    FocalLoss,
    FocalLossWithAlpha,
    MultiHorizonRankPreservingLoss,
    Pinball,
    RankPreservingLoss,
    build,
)

FOCAL = [
    ((0.0, 0.0), 0, 0.173287, 0.693147),
    ((0.0, 0.0), 1, 0.202746, 0.810982),
    ((2.0, 0.0), 0, 0.001804, 0.126928),
    ((2.0, 0.0), 1, 1.930591, 2.488506),
    ((-1.0, 1.0), 1, 0.002110, 0.148506),
]
P = torch.tensor([0.3, -0.1, 0.4, 0.1, -0.5])
Y = torch.tensor([0.02, -0.01, 0.01, 0.0, -0.03])


@pytest.mark.parametrize(("logits", "y", "at_2", "at_0"), FOCAL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_focal_table(logits: tuple[float, float], y: int, at_2: float, at_0: float, dtype: torch.dtype) -> None:
    row, label = torch.tensor([logits], dtype=dtype), torch.tensor([y])
    by_label = FocalLossWithAlpha({"no": 1.0, "yes": 1.17}, classes=("no", "yes"))
    assert float(FocalLoss(2.0, (1.0, 1.17))(row, label)) == pytest.approx(at_2, abs=1e-6)
    assert float(FocalLoss(0.0, (1.0, 1.17))(row, label)) == pytest.approx(at_0, abs=1e-6)
    assert float(by_label(row, label)) == pytest.approx(at_2, abs=1e-6)


def test_the_mean_of_the_focal_table() -> None:
    logits = torch.tensor([row[0] for row in FOCAL])
    found = FocalLoss(class_weight=(1.0, 1.17))(logits, torch.tensor([row[1] for row in FOCAL]))
    assert float(found) == pytest.approx(0.462107, abs=1e-6)


def test_balanced_weights_come_from_the_training_labels() -> None:
    labels = torch.tensor([0] * 117 + [1] * 100)
    assert FocalLoss().fit(labels).config()["settings"]["class_weight"] == [1.0, pytest.approx(1.17)]
    with pytest.raises(UsageError, match="call fit"):
        FocalLoss()(torch.zeros(2, 2), torch.tensor([0, 1]))
    with pytest.raises(UsageError, match="2 class weights were given for 3 classes"):
        FocalLoss(class_weight=(1.0, 1.17))(torch.zeros(2, 3), torch.tensor([0, 1]))
    with pytest.raises(UsageError, match="every class"):
        FocalLoss().fit(torch.tensor([0, 0, 2]))


def test_the_order_of_the_labels_cannot_mis_weigh() -> None:
    logits, y = torch.randn(50, 2), torch.randint(0, 2, (50,))
    ahead = FocalLossWithAlpha({"flat": 1.0, "up": 1.17}, classes=("flat", "up"))
    turned = FocalLossWithAlpha({"up": 1.17, "flat": 1.0}, classes=("up", "flat"))
    assert float(ahead(logits, y)) == pytest.approx(float(turned(logits.flip(-1), 1 - y)), rel=1e-6)
    with pytest.raises(UsageError, match="differ"):
        FocalLossWithAlpha({"flat": 1.0, "up": 1.17}, classes=("flat", "down"))


def test_the_binary_focal_loss_is_that_of_two_logits() -> None:
    z, y = torch.randn(40), torch.randint(0, 2, (40,))
    two = FocalLoss(2.0, (0.75, 0.25))(torch.stack([torch.zeros(40), z], -1), y)
    assert float(BinaryFocalLoss()(z, y)) == pytest.approx(float(two), rel=1e-5)


def rho(p: Tensor, temperature: float) -> Tensor:
    return 1 - build({"loss": "soft_spearman", "settings": {"temperature": temperature}})(p, Y)


@pytest.mark.parametrize(("temperature", "expected"), [(0.5, 0.939785), (0.1, 0.907662), (0.001, 0.9)])
def test_the_soft_rank_correlation_of_the_reference(temperature: float, expected: float) -> None:
    assert float(rho(P, temperature)) == pytest.approx(expected, abs=2e-6)
    assert float(rho(100 * P, temperature)) == pytest.approx(expected, abs=2e-6)


def test_the_rank_preserving_loss_of_the_reference() -> None:
    assert float(build("mse")(P, Y)) == pytest.approx(0.0939, abs=1e-7)
    assert float(RankPreservingLoss(rank_weight=0.1)(P, Y)) == pytest.approx(0.0999215, abs=1e-7)
    p = P.clone().requires_grad_()
    (1 - rho(p, 0.5)).backward()
    expected = torch.tensor([-0.423586, 0.064619, 0.297706, 0.075719, -0.014458])
    assert torch.allclose(p.grad, expected, atol=2e-6)


def test_the_written_out_gradient_of_soft_ranks_is_that_of_the_formula() -> None:
    p = torch.randn(3, 12, dtype=torch.float64, requires_grad=True)
    mask = torch.ones(3, 12, dtype=torch.bool)
    mask[0, 3:5] = mask[2, 11] = False
    from augury.learning.losses._statistics import soft_ranks

    weight = torch.randn(3, 12, dtype=torch.float64)
    (soft_ranks(p, mask, 0.5)[0] * weight).sum().backward()
    again = p.detach().clone().requires_grad_()
    loss = torch.zeros((), dtype=torch.float64)
    for day in range(3):
        x, w = again[day][mask[day]], weight[day][mask[day]]
        tau = 0.5 * x.detach().std(correction=0)
        loss = loss + (w * (0.5 + torch.sigmoid((x[:, None] - x[None]) / tau).sum(1))).sum()
    loss.backward()
    assert torch.allclose(p.grad, again.grad, atol=1e-12)


def test_opposite_offsets_of_two_days_change_no_rank() -> None:
    y = torch.randn(40)
    day = torch.arange(2).repeat_interleave(20)
    offsets = torch.where(day == 0, 50.0, -50.0)
    hard = build({"loss": "soft_spearman", "settings": {"temperature": 0.01}})
    assert float(hard(y + offsets, y - offsets, day=day)) == pytest.approx(0, abs=1e-3)
    assert float(hard(y + offsets, y - offsets)) > 0.5


def test_days_of_fewer_than_10_names_have_no_rank_term() -> None:
    p, y = torch.randn(29), torch.randn(29)
    day = torch.tensor([0] * 20 + [1] * 9)
    loss = build("soft_spearman")
    assert torch.equal(loss(p, y, day=day), loss(p[:20], y[:20]))


def test_a_day_of_more_than_400_names_shows_a_random_half_a_step() -> None:
    p, y = torch.randn(500, requires_grad=True), torch.randn(500)
    loss = build("soft_spearman")
    torch.manual_seed(1)
    loss(p, y).backward()
    assert int((p.grad != 0).sum()) == 250
    first, p.grad = p.grad, None
    torch.manual_seed(1)
    loss(p, y).backward()
    assert torch.equal(first, p.grad)
    with torch.no_grad():
        assert float(loss(p, y)) == float(loss(p, y))


def test_horizons_are_weighed_and_none_may_be_missing() -> None:
    both = MultiHorizonRankPreservingLoss(horizons=["horizon_1d", "horizon_5d"], rank_weight=0.1)
    one = RankPreservingLoss(rank_weight=0.1)
    found = both({"horizon_1d": P, "horizon_5d": -P}, {"horizon_1d": Y, "horizon_5d": Y})
    assert float(found) == pytest.approx((float(one(P, Y)) + 0.6 * float(one(-P, Y))) / 1.6, rel=1e-6)
    with pytest.raises(UsageError, match=r"\['horizon_5d'\] are missing"):
        both({"horizon_1d": P}, {"horizon_1d": Y, "horizon_5d": Y})
    with pytest.raises(UsageError, match="weights are known of"):
        MultiHorizonRankPreservingLoss(horizons=["horizon_3d"])
    with pytest.raises(UsageError, match="no horizon"):
        MultiHorizonRankPreservingLoss(horizons=["day_3"])


def test_pinball_trains_every_quantile_by_its_own_level() -> None:
    y = torch.linspace(-2, 2, 401)
    q = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.SGD([q], lr=1.0)
    loss = Pinball(levels=(0.1, 0.5, 0.9))
    for _ in range(400):
        optimizer.zero_grad()
        loss(q.expand(401, 3), y).backward()
        optimizer.step()
    assert torch.allclose(q, torch.tensor([-1.6, 0.0, 1.6]), atol=0.03)


def test_the_student_t_is_that_of_torch() -> None:
    head, y = torch.randn(30, 3), torch.randn(30)
    from augury.learning.losses.student_t import parameters

    location, scale, nu = parameters(head)
    expected = -torch.distributions.StudentT(nu, location, scale).log_prob(y).mean()
    assert float(build("student_t")(head, y)) == pytest.approx(float(expected), rel=1e-5)
    assert 2.2 <= float(nu.min()) <= float(nu.max()) <= 40
