"""Every loss, alone, improves the metric it is named after, and is smallest at the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from augury.core.metrics import ic, rank_ic
from augury.learning.losses import LOSSES, build

NAMES, DAYS, STEPS = 50, 4, 200
DAY = torch.arange(DAYS).repeat_interleave(NAMES)
MARKET = torch.Generator().manual_seed(11)
X = torch.randn(DAYS * NAMES, 10, generator=MARKET)
TRUTH = X @ torch.linspace(-1, 1, 10)
Y = (TRUTH - TRUTH.mean()) / TRUTH.std()


def learnt(
    name: str,
    settings: dict[str, Any] | None = None,
    *,
    outputs: int = 1,
    targets: Tensor | None = Y,
    start: Callable[[Tensor], None] | None = None,
    shape: Callable[[Tensor], Tensor] = lambda out: out[:, 0],
    **options: Any,
) -> tuple[Tensor, Tensor]:
    """Train a linear map on one loss; return what it said before and after."""
    loss = build({"loss": name, "settings": settings or {}})
    torch.manual_seed(3)
    model = nn.Linear(10, outputs)
    with torch.no_grad():
        # Turned away from the truth: the loss has to bring it round.
        model.weight.copy_(-0.3 * torch.linspace(-1, 1, 10) + 0.3 * torch.randn(outputs, 10))
        if start is not None:
            start(model.bias)
    before = shape(model(X)).detach()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(shape(model(X)), targets, day=DAY, **options).backward()
        optimizer.step()
    return before, shape(model(X)).detach()


def by_day(metric: Callable[..., float], p: Tensor, y: Tensor = Y) -> float:
    return float(np.mean([metric(p[d == DAY].double().numpy(), y[d == DAY].double().numpy()) for d in range(DAYS)]))


RANKED = ["soft_spearman", "pairwise", "listnet", "ic", "rank_preserving"]


@pytest.mark.parametrize("name", RANKED)
def test_a_rank_loss_alone_raises_spearman_from_below_02_to_above_09(name: str) -> None:
    before, after = learnt(name)
    assert by_day(rank_ic, before) < 0.2
    assert by_day(rank_ic, after) > 0.9


def test_the_soft_rank_alone_and_in_one_group_does_so_too() -> None:
    loss = build("soft_spearman")
    model = nn.Linear(10, 1)
    with torch.no_grad():
        model.weight.copy_(-0.3 * torch.linspace(-1, 1, 10)[None])
    x, y = X[:NAMES], Y[:NAMES]
    assert rank_ic(model(x)[:, 0].detach().double().numpy(), y.double().numpy()) < 0.2
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(model(x)[:, 0], y).backward()
        optimizer.step()
    assert rank_ic(model(x)[:, 0].detach().double().numpy(), y.double().numpy()) > 0.9


@pytest.mark.parametrize("name", ["mse", "huber", "directional_huber", "directional_mse", "asymmetric_directional",
                                  "variance_regularized", "huber_with_variance_penalty",
                                  "anti_collapse_directional"])  # fmt: skip
def test_an_error_loss_alone_brings_the_error_down(name: str) -> None:
    before, after = learnt(name)
    assert float((before - Y).square().mean()) > 1
    assert float((after - Y).square().mean()) < 0.1
    assert float((after * Y > 0).float().mean()) > 0.9


def test_the_regimes_are_learnt_alike() -> None:
    regimes = torch.where(DAY == 0, 1, 0)
    before, after = learnt("regime_weighted", regimes=regimes)
    assert float((after - Y).square().mean()) < 0.05 < float((before - Y).square().mean())


def test_sharpe_alone_raises_the_sharpe_ratio_of_the_book() -> None:
    noisy = Y + 3 * torch.randn(Y.shape, generator=torch.Generator().manual_seed(5))

    def ratio(p: Tensor) -> float:
        books = [float(((p - p[d == DAY].mean())[d == DAY] * noisy[d == DAY]).mean()) for d in range(DAYS)]
        return float(np.mean(books) / np.std(books))

    before, after = learnt("sharpe", targets=noisy)
    assert ratio(before) < 0.5
    assert ratio(after) > 2


def test_exposure_alone_takes_the_factor_out_of_the_scores() -> None:
    factor = X[:, :2]
    before, after = learnt("exposure", targets=None, exposures=factor)
    assert max(abs(by_day(ic, before, factor[:, k])) for k in range(2)) > 0.3
    assert max(abs(by_day(ic, after, factor[:, k])) for k in range(2)) < 0.05
    assert float(after.std()) > 0.1


def test_turnover_alone_lets_turnover_fall() -> None:
    symbols = torch.arange(NAMES).repeat(DAYS)

    def traded(p: Tensor) -> float:
        return float((p[NAMES:] - p[:-NAMES]).abs().mean())

    before, after = learnt("turnover", targets=None, symbols=symbols)
    assert traded(after) < 0.1 * traded(before)


def test_turnover_is_measured_from_the_mean_of_earlier_days() -> None:
    p, day = torch.tensor([1.0, 2.0, 4.0]), torch.arange(3)
    found = build({"loss": "turnover", "settings": {"alpha": 0.5}})(
        p, day=day, symbols=torch.zeros(3, dtype=torch.long)
    )
    assert float(found) == pytest.approx((1.0 + 2.5) / 2)


def test_consistency_alone_makes_neighbouring_horizons_agree() -> None:
    def apart(out: Tensor) -> float:
        return min(by_day(ic, out[:, k], out[:, k + 1]) for k in range(2))

    before, after = learnt("consistency", outputs=3, targets=None, shape=lambda out: out)
    assert apart(before) < 0.7
    assert apart(after) > 0.98


@pytest.mark.parametrize("form", ["square", "log"])
def test_the_variance_floor_is_inactive_above_and_active_below_and_has_no_unit(form: str) -> None:
    loss = build({"loss": "variance_floor", "settings": {"form": form}})
    y = torch.randn(300, generator=torch.Generator().manual_seed(1))
    for unit in (1e-3, 1.0, 1e3):
        above = (0.11 * unit * y).requires_grad_()
        below = (0.05 * unit * y).requires_grad_()
        loss(above, unit * y).backward()
        loss(below, unit * y).backward()
        assert not above.grad.any()
        assert below.grad.any()
        expected = 0.05**2 if form == "square" else np.log(2)
        assert loss(below.detach(), unit * y).item() == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("form", ["square", "log"])
def test_the_variance_floor_alone_lifts_the_spread_to_the_floor(form: str) -> None:
    def shrink(out: Tensor) -> Tensor:
        return 0.02 * out[:, 0]

    before, after = learnt("variance_floor", {"form": form, "floor": 0.1}, shape=shrink)
    ratios = [float(p[DAY == 1].std() / Y[DAY == 1].std()) for p in (before, after)]
    assert ratios[0] < 0.05
    assert 0.08 < ratios[1] < 0.2


def test_a_coefficient_that_justifies_less_spread_switches_the_floor_off() -> None:
    loss = build("variance_floor")
    y = torch.randn(300)
    for ic_found, active in ((0.03, False), (0.2, True), (-0.03, True)):
        loss.judged(ic_found)
        assert bool(loss(0.03 * y, y) > 0) is active


def test_the_spread_of_small_batches_is_averaged_with_those_before() -> None:
    loss = build("variance_floor")
    y = torch.randn(512, generator=torch.Generator().manual_seed(2))
    p = (0.2 * y).clone()
    for part in range(16):
        rows = slice(32 * part, 32 * part + 32)
        # Rows without spread now and then are no collapse.
        said = (0.01 * p[rows] if part % 4 == 3 else p[rows]).requires_grad_()
        assert loss(said, y[rows]).item() == 0
    for _ in range(40):
        value = loss((0.01 * y[:32]).requires_grad_(), y[:32])
    assert value.item() > 0.005


def test_sign_balance_alone_moves_the_positive_share_to_the_base() -> None:
    targets = Y + 0.4
    loss = build("sign_balance").fit(targets)
    base = float((targets > 0).float().mean())
    assert loss.settings["base"] == pytest.approx(base)
    settings = loss.config()["settings"]
    before, after = learnt("sign_balance", settings, start=lambda bias: bias.fill_(-3.0))
    assert float((before > 0).float().mean()) < base - 0.4
    assert float((after > 0).float().mean()) == pytest.approx(base, abs=0.05)


def test_a_counted_share_of_signs_would_have_no_gradient_where_this_one_has() -> None:
    p = torch.full((300,), 0.2, requires_grad=True)
    build("sign_balance")(p).backward()
    assert (p.grad > 0).all()


def test_repulsion_alone_pushes_away_from_zero_and_weighs_nothing_by_default() -> None:
    before, after = learnt("repulsion", targets=None)
    assert float(after.abs().mean()) > 2 * float(before.abs().mean())
    assert build("anti_collapse_directional").settings["repulsion"] == 0


def test_decision_alone_earns_after_cost() -> None:
    levels = (0.1, 0.5, 0.9)

    def quantiles(out: Tensor) -> Tensor:
        steps = nn.functional.softplus(out[:, 1:])
        return torch.stack([out[:, 0] - steps[:, 0], out[:, 0], out[:, 0] + steps[:, 1]], -1)

    def earned(q: Tensor) -> float:
        return float((torch.sign(q[:, 0] + q[:, 2]) * Y).mean())

    before, after = learnt("decision", {"levels": levels}, outputs=3, shape=quantiles)
    assert earned(before) < 0
    assert earned(after) > 0.5


def test_sign_and_volatility_heads_learn_what_they_are_called() -> None:
    _, logits = learnt("sign", outputs=3, shape=lambda out: out)
    assert float((logits.argmax(-1) - 1 == torch.sign(Y)).float().mean()) > 0.9
    wide = torch.exp(0.5 * X[:, 0]) * torch.randn(len(X), generator=torch.Generator().manual_seed(4))
    before, after = learnt("volatility", targets=wide, shape=lambda out: nn.functional.softplus(out[:, 0]))
    assert by_day(rank_ic, after, X[:, 0]) > max(0.8, by_day(rank_ic, before, X[:, 0]))


def test_the_classes_are_learnt() -> None:
    labels = (Y > 0.3).long()
    for name, settings, shape in (
        ("focal", {"class_weight": [1.0, 1.17]}, lambda out: out),
        ("focal_with_alpha", {"alpha": [["down", 1.0], ["up", 1.17]]}, lambda out: out),
        ("binary_focal", {}, lambda out: out[:, 0]),
    ):
        loss = build({"loss": name, "settings": settings})
        model = nn.Linear(10, 2)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss(shape(model(X)), labels).backward()
            optimizer.step()
        out = shape(model(X)).detach()
        said = (out > 0).long() if out.ndim == 1 else out.argmax(-1)
        assert float((said == labels).float().mean()) > 0.9, name


TRUE = {
    name: Y
    for name, loss in LOSSES
    if loss.READS == "score" and name not in ("panel", "multi_horizon_rank_preserving", "exposure", "repulsion",
                                              "turnover", "sign_balance")
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_a_loss_of_scores_is_smallest_at_the_truth_among_scores_of_its_size(name: str) -> None:
    loss = build({"loss": name, "settings": {"share": 1.0} if name == "pairwise" else {}})
    options = {"regimes": DAY % 2} if name == "regime_weighted" else {}
    dice = torch.Generator().manual_seed(9)
    # Returns on which the truth is the same every day have no spread over days: the Sharpe ratio needs some.
    targets = Y * (1 + 0.2 * DAY)
    best = float(loss(targets, targets, day=DAY, **options))
    for noise in (0.3, 1.0, 3.0):
        wrong = targets + noise * torch.randn(Y.shape, generator=dice)
        wrong = wrong * targets.std() / wrong.std()
        found = float(loss(wrong, targets, day=DAY, **options))
        assert best < found or (name == "variance_floor" and best == found == 0), (name, noise)
