"""The loss of a cross-section: terms, days, horizons, masks, regimes."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from augury.core.errors import UnknownName, UsageError
from augury.losses import PanelLoss, RegimeWeightedLoss, build

LEVELS = (0.05, 0.5, 0.95)
OFFSETS = (0, 14, 40, 52)
N, H = 52, 2
KNOWN = torch.ones(N, H, dtype=torch.bool)


def drawn(seed: int = 0) -> tuple[Tensor, Tensor]:
    dice = torch.Generator().manual_seed(seed)
    return torch.randn(N, H, 3, generator=dice).sort(-1).values, torch.randn(N, H, generator=dice)


@pytest.mark.parametrize("name", ["mse", "huber", "ic", "soft_spearman", "listnet", "directional_huber", "pinball"])
def test_a_term_is_the_weighed_mean_over_horizons_of_the_mean_over_days(name: str) -> None:
    q, y = drawn()
    mask = torch.rand(N, H, generator=torch.Generator().manual_seed(3)) > 0.2
    found = PanelLoss({name: 2.0}, horizons=(1, 5))(q, LEVELS, y, mask, OFFSETS)
    loss, expected = build(name), 0.0
    for at, share in enumerate((1 / 1.6, 0.6 / 1.6)):
        days = []
        for begin, end in pairwise(OFFSETS):
            rows = mask[begin:end, at]
            p = q[begin:end, at] if name == "pinball" else q[begin:end, at, 1]
            if int(rows.sum()) >= loss.NAMES_MIN:
                options = {"levels": LEVELS} if name == "pinball" else {}
                days.append(float(loss(p[rows], y[begin:end, at][rows], **options)))
        expected += 2 * share * sum(days) / len(days)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_the_default_is_the_mix_of_the_house_and_adds_quantiles_when_there_are_some() -> None:
    q, y = drawn()
    loss = PanelLoss(horizons=(1, 5))
    assert loss.weights == {"huber": 0.3, "ic": 0.2, "mse": 0.7, "pinball": 0.3, "soft_spearman": 0.1}
    terms = loss.terms(q, LEVELS, y, KNOWN, OFFSETS)
    total = sum(loss.weights[name] * float(value) for name, value in terms.items())
    assert float(loss(q, LEVELS, y, KNOWN, OFFSETS)) == pytest.approx(total, rel=1e-6)
    assert "pinball" not in loss.terms(q[..., 1:2], (0.5,), y, KNOWN, OFFSETS)


def test_every_quantile_has_gradient_and_masked_targets_have_none() -> None:
    q, y = drawn()
    mask = torch.rand(N, H, generator=torch.Generator().manual_seed(3)) > 0.3
    grads = []
    for filler in (0.0, 1e9, torch.nan):
        leaf = q.clone().requires_grad_()
        PanelLoss(horizons=(1, 5))(leaf, LEVELS, torch.where(mask, y, filler), mask, OFFSETS).backward()
        grads.append(leaf.grad)
    assert torch.equal(grads[0], grads[1])
    assert torch.equal(grads[0], grads[2])
    assert (grads[0][mask] != 0).any(0).all()
    assert not grads[0][~mask].any()


def test_a_missing_target_is_masked_even_where_the_mask_forgot_it() -> None:
    q, y = drawn()
    gone = torch.zeros(N, H, dtype=torch.bool)
    gone[3] = True
    loss = PanelLoss(horizons=(1, 5))
    forgot = loss(q, LEVELS, torch.where(gone, torch.nan, y), KNOWN, OFFSETS)
    assert torch.equal(forgot, loss(q, LEVELS, y, ~gone, OFFSETS))


def test_heads_are_read_by_the_term_of_their_name() -> None:
    q, y = drawn()
    heads = {"sign": torch.randn(N, H, 3), "volatility": torch.rand(N, H) + 0.5, "student_t": torch.randn(N, H, 3)}
    loss = PanelLoss({"mse": 1.0, "sign": 0.15, "volatility": 0.1, "student_t": 0.2}, horizons=(1, 5))
    leaves = {name: head.requires_grad_() for name, head in heads.items()}
    loss(q, LEVELS, y, KNOWN, OFFSETS, leaves).backward()
    assert all(leaf.grad is not None and leaf.grad.any() for leaf in leaves.values())
    with pytest.raises(UsageError, match="reads the head 'sign', the network gives \\['volatility'\\]"):
        loss(q, LEVELS, y, KNOWN, OFFSETS, {"volatility": heads["volatility"]})


def test_terms_that_need_more_are_given_it_or_say_so() -> None:
    q, y = drawn()
    loss = PanelLoss({"exposure": 1.0, "turnover": 0.5, "consistency": 0.2, "sharpe": 0.1}, horizons=(1, 5))
    assert (loss.needs, loss.days_min) == (("exposures", "symbols"), 2)
    with pytest.raises(UsageError, match="needs exposures, symbols"):
        loss(q, LEVELS, y, KNOWN, OFFSETS)
    symbols = torch.cat([torch.arange(14), torch.arange(26), torch.arange(12)])
    leaf = q.clone().requires_grad_()
    loss(leaf, LEVELS, y, KNOWN, OFFSETS, exposures=torch.randn(N, 4), symbols=symbols).backward()
    assert torch.isfinite(leaf.grad).all()
    assert leaf.grad[..., 1].any()


def test_a_sharpe_term_leaves_out_a_batch_of_one_day() -> None:
    q, y = drawn()
    loss = PanelLoss({"sharpe": 1.0, "mse": 1.0}, horizons=(1, 5))
    assert float(loss.terms(q, LEVELS, y, KNOWN, (0, N))["sharpe"]) == 0
    with pytest.raises(UsageError, match="days_per_batch"):
        build("sharpe")(q[:, 0, 1], y[:, 0])


def test_negating_the_predictions_negates_what_the_book_earns() -> None:
    q, y = drawn()
    day = torch.arange(4).repeat_interleave(13)
    p = q[:, 0, 1]
    assert float(build("sharpe")(-p, y[:, 0], day=day)) == pytest.approx(-float(build("sharpe")(p, y[:, 0], day=day)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": {"mse": -1.0}}, "none below"),
        ({"weights": {"mse": 0.0}}, "one above 0"),
        ({"weights": {"focal": 1.0}}, "not a term of a panel"),
        ({"weights": {"mse": 1.0}, "horizons": (1, 3)}, "weights are known of"),
        ({"weights": {"mse": 1.0}, "settings": {"huber": {}}}, "settings \\['huber'\\]"),
        ({"weights": {"consistency": 1.0}, "horizons": (1,)}, "neighbouring horizons"),
        ({"regime_mode": "soft"}, "'soft' is one of equal, hard"),
    ],
)
def test_a_panel_that_makes_no_sense_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        PanelLoss(**settings)  # type: ignore[arg-type]


def test_unknown_terms_and_wrong_shapes_are_refused() -> None:
    q, y = drawn()
    with pytest.raises(UnknownName, match="did you mean 'soft_spearman'"):
        PanelLoss({"soft_spearmann": 1.0})
    loss = PanelLoss(horizons=(1, 5))
    for arguments, message in (
        ((q, (0.1, 0.5), y, KNOWN, OFFSETS), "2 levels were asked for"),
        ((q, LEVELS, y[:, :1], KNOWN, OFFSETS), "targets"),
        ((q, LEVELS, y, KNOWN, (0, 20, 20, 52)), "no day is empty"),
        ((q, LEVELS, y, KNOWN, (0, 20)), "rise from 0 to the 52 rows"),
        ((q, (0.1, 0.4, 0.9), y, KNOWN, OFFSETS), "0.5 in the middle"),
    ):
        with pytest.raises(UsageError, match=message):
            loss(*arguments)


def test_each_regime_has_the_same_total_weight() -> None:
    regimes = torch.tensor([0] * 17 + [1] * 2 + [2] * 81)
    weights = RegimeWeightedLoss("mse").weights(regimes)
    totals = [float(weights[regimes == code].sum()) for code in range(3)]
    assert totals == pytest.approx([100 / 3] * 3, abs=1e-4)
    counted = RegimeWeightedLoss("mse", days={0: 17, 1: 2, 2: 81}).weights
    one_by_one = [float(sum(counted(regimes[at : at + 1]) for at in range(100) if regimes[at] == c)) for c in range(3)]
    assert one_by_one == pytest.approx([100 / 3] * 3, rel=1e-6)
    with pytest.raises(UsageError, match="lies in regime 3"):
        counted(torch.tensor([3]))


@pytest.mark.parametrize("wrapped", ["loss", "panel"])
def test_hard_regimes_weigh_more_in_the_next_epoch_within_bounds(wrapped: str) -> None:
    y = torch.zeros(30)
    y[10:20], y[20:] = 1.0, 10.0
    p, day = torch.zeros(30, requires_grad=True), torch.arange(3).repeat_interleave(10)
    if wrapped == "loss":
        loss = RegimeWeightedLoss("mse", mode="hard")
        loss(p, y, day=day, regimes=day)
        weights = loss.weights
    else:
        panel = PanelLoss({"mse": 1.0}, horizons=(1,), regime_mode="hard")
        panel(p[:, None, None], (0.5,), y[:, None], KNOWN[:30, :1], (0, 10, 20, 30), regimes=torch.arange(3))
        loss, weights = panel, panel.regimes
    assert weights(torch.arange(3)).tolist() == [1, 1, 1]
    loss.epoch_ended()
    assert weights(torch.arange(3)).tolist() == [0.5, 0.5, 2.0]


def test_regimes_are_of_the_day_and_must_be_given() -> None:
    q, y = drawn()
    with pytest.raises(UsageError, match="two regimes"):
        RegimeWeightedLoss("mse")(y[:, 0], y[:, 0], day=torch.zeros(N), regimes=torch.arange(N) // 30)
    panel = PanelLoss(horizons=(1, 5), regime_mode="equal")
    with pytest.raises(UsageError, match="needs regimes"):
        panel(q, LEVELS, y, KNOWN, OFFSETS)
    equal = panel(q, LEVELS, y, KNOWN, OFFSETS, regimes=torch.tensor([0, 0, 0]))
    assert torch.allclose(equal, PanelLoss(horizons=(1, 5))(q, LEVELS, y, KNOWN, OFFSETS))
