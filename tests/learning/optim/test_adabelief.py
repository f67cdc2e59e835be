"""AdaBelief against numbers worked out by hand and by formula."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from augury.core.errors import UnknownName, UsageError
from augury.learning.optim import build_optimizer
from augury.learning.optim.adabelief import AdaBelief, rectification
from augury.learning.settings import TrainingSettings

GRADIENTS = (1.0, 0.5, -0.2)


def steps(gradients: tuple[float, ...], **settings: float | bool) -> list[float]:
    """Where a parameter that begins at 1 is after each gradient."""
    theta = nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer, seen = AdaBelief([{"params": [theta]}], lr=0.1, **settings), []  # type: ignore[arg-type]
    for gradient in gradients:
        theta.grad = torch.full_like(theta, gradient)
        optimizer.step()
        seen.append(float(theta.detach()))
    return seen


def by_formula(gradients: tuple[float, ...]) -> list[float]:
    theta, m, s, seen = 1.0, 0.0, 0.0, []
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        s = 0.999 * s + 0.001 * (g - m) ** 2 + 1e-16
        theta -= 0.1 * (m / (1 - 0.9**t)) / (math.sqrt(s / (1 - 0.999**t)) + 1e-16)
        seen.append(theta)
    return seen


def test_the_three_reference_steps() -> None:
    assert steps(GRADIENTS) == pytest.approx([0.8888889, 0.7813671, 0.7146944], abs=5e-8)
    assert steps(GRADIENTS) == pytest.approx(by_formula(GRADIENTS), abs=1e-9)


def test_decay_is_decoupled_from_the_gradient() -> None:
    assert steps((0.0,), weight_decay=0.5) == pytest.approx([0.95], abs=1e-12)
    assert steps((1.0,), weight_decay=0.5) == pytest.approx([0.95 - 1 / 9], abs=1e-9)


def test_rectified_steps_are_momentum_first_and_shortened_later() -> None:
    many = (1.0, 0.5, -0.2, 0.3, 0.1, 0.4, -0.1)
    plain, rectified = steps(many), steps(many, rectify=True)
    assert [rectification(t, 0.999) is None for t in (1, 5, 6)] == [True, True, False]
    assert rectified[0] == pytest.approx(0.9, abs=1e-12)
    moved, full = rectified[6] - rectified[5], plain[6] - plain[5]
    assert moved / full == pytest.approx(rectification(7, 0.999), abs=1e-9)


def test_an_unknown_optimizer_or_setting_names_the_known_ones() -> None:
    groups = {"head": [nn.Parameter(torch.ones(1))]}
    with pytest.raises(UnknownName, match=r"unknown optimizer 'adam', did you mean 'adamw'.*known: adabelief, adamw"):
        build_optimizer(groups, TrainingSettings(optimizer="adam"))
    with pytest.raises(UsageError, match=r"optimizer 'adamw' has no setting 'rectify' \(known: betas, eps, amsgrad\)"):
        build_optimizer(groups, TrainingSettings(optimizer="adamw", optimizer_settings={"rectify": True}))
