"""One case a loss: inputs it reads, drawn the same in every process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor

from augury.learning.losses import Loss, build

DAYS, NAMES = 3, 15
SETTINGS: dict[str, dict[str, Any]] = {
    "focal": {"gamma": 1.5, "class_weight": [1.0, 1.17, 0.3]},
    "focal_with_alpha": {"alpha": {-1: 1.0, 0: 0.5, 1: 1.17}, "gamma": 1.25, "classes": (1, -1, 0)},
    "binary_focal": {"gamma": 1.0, "alpha": 0.4},
    "huber": {"delta": 0.037},
    "pairwise": {"tau": 0.3, "share": 1.0},
    "soft_spearman": {"temperature": 0.7},
    "listnet": {"tau": 0.9},
    "pinball": {"levels": (0.1, 0.5, 0.9)},
    "decision": {"levels": (0.1, 0.5, 0.9), "fee": 0.03},
    "directional_huber": {"penalty": 1.5},
    "directional_mse": {"penalty": 0.5},
    "asymmetric_directional": {"false_rise": 1.5, "false_fall": 0.25},
    "exposure": {"ridge": 0.02},
    "turnover": {"alpha": 0.6},
    "variance_floor": {"floor": 0.9, "form": "log"},
    "sign_balance": {"base": 0.6, "target_sd": 1.3},
    "repulsion": {"sharpness": 3.0},
    "sign": {"flat": 0.2},
    "rank_preserving": {"rank_weight": 0.35, "temperature": 0.2, "base": {"loss": "huber", "settings": {"delta": 0.3}}},
    "multi_horizon_rank_preserving": {
        "horizons": ["horizon_1d", "horizon_7d"], "rank_weight": 0.3, "horizon_weights": {1: 0.9, 7: 0.2},
    },
    "anti_collapse_directional": {"base": 0.56, "target_sd": 0.8, "repulsion": 0.1},
    "variance_regularized": {"base": "huber", "weight": 2.0, "floor": 0.8, "form": "square"},
    "huber_with_variance_penalty": {"weight": 5.0, "floor": 0.9},
    "regime_weighted": {"base": {"loss": "rank_preserving", "settings": {"base": "huber"}}, "days": {0: 3, 2: 9}},
    "panel": {
        "weights": {"mse": 0.5, "soft_spearman": 0.3, "pinball": 0.2},
        "horizons": (1, 7), "horizon_weights": {1: 0.9, 7: 0.2}, "settings": {"soft_spearman": {"temperature": 0.3}},
    },
}  # fmt: skip
"""Nothing at its default, and keys that JSON would turn into text."""


@dataclass
class Case:
    """What a loss is called with: ``output`` has the gradient."""

    loss: Loss
    output: Tensor
    arguments: list[Any]
    options: dict[str, Any] = field(default_factory=dict)

    def measured(self, output: Tensor | None = None) -> Tensor:
        """Call the loss."""
        output = self.output if output is None else output
        if self.loss.config()["loss"] == "multi_horizon_rank_preserving":
            first, second = output.unbind(-1)
            return self.loss({"horizon_1d": first, "horizon_7d": second}, *self.arguments, **self.options)
        return self.loss(output, *self.arguments, **self.options)


def case_of(name: str, loss: Loss | None = None) -> Case:
    """Make the case of a loss; the same in every process."""
    own = loss or build({"loss": name, "settings": SETTINGS.get(name, {})})
    dice = torch.Generator().manual_seed(7)
    n = DAYS * NAMES
    y, p = torch.randn(n, generator=dice), torch.randn(n, generator=dice)
    other = torch.randn(n, generator=dice)
    day = torch.arange(DAYS).repeat_interleave(NAMES)
    classes = torch.randint(0, 3, (n,), generator=dice)
    three = torch.stack([p - 1, p, p + 1], -1)
    by_day = {"day": day}
    special: dict[str, tuple[Tensor, list[Any], dict[str, Any]]] = {
        "focal": (three * torch.tensor([1.0, 0.5, -1.0]), [classes], {}),
        "focal_with_alpha": (three * torch.tensor([1.0, 0.5, -1.0]), [classes], {}),
        "binary_focal": (p, [(y > 0).long()], {}),
        "pinball": (three, [y], by_day),
        "decision": (three, [y], by_day),
        "student_t": (three, [y], by_day),
        "sign": (three, [y], by_day),
        "volatility": (torch.nn.functional.softplus(p), [y], by_day),
        "consistency": (three + torch.stack([other, y, p], -1), [None], by_day),
        "exposure": (p, [None], by_day | {"exposures": torch.stack([p + other, y], -1)}),
        "turnover": (p, [None], by_day | {"symbols": torch.arange(NAMES).repeat(DAYS)}),
        "regime_weighted": (p, [y], by_day | {"regimes": torch.tensor([0, 2, 0]).repeat_interleave(NAMES)}),
        "multi_horizon_rank_preserving": (torch.stack([p, other], -1), [{"horizon_1d": y, "horizon_7d": y}], by_day),
        "panel": (
            torch.stack([three, three + other[:, None]], 1),
            [(0.05, 0.5, 0.95), torch.stack([y, -y], -1), torch.ones(n, 2, dtype=torch.bool), (0, 15, 30, 45)], {},
        ),
    }  # fmt: skip
    output, arguments, options = special.get(name, (p, [y], by_day))
    return Case(own, output.detach().clone().requires_grad_(), arguments, options)


@pytest.fixture(name="case_of")
def _case_of() -> Callable[..., Case]:
    return case_of


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
