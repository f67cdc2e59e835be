"""AdaBelief: small steps where gradients surprise, large ones where they are as expected."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, overload

import torch
from torch import Tensor


class AdaBelief(torch.optim.Optimizer):
    """Adam whose second moment is the spread of the gradient around its mean (Zhuang et al. 2020).

    With gradient g, ``m = b1 m + (1 - b1) g``, ``s = b2 s + (1 - b2) (g - m)^2 + eps`` and their bias-corrected
    values, ``theta -= lr m_hat / (sqrt(s_hat) + eps)``. Weight decay is decoupled: ``theta *= 1 - lr decay``. A
    parameter without gradient is left alone, decay included.

    Parameters
    ----------
    groups : list of dict
        Of parameters.
    lr : float
        Above 0.
    weight_decay : float
        At least 0.
    betas : (float, float)
        Memory of mean and spread, in [0, 1).
    eps : float
        Above 0; it is added twice, as in the paper.
    rectify : bool
        Take plain momentum steps while the spread is known from too few gradients (Liu et al. 2020), then
        steps reduced by what is still uncertain. It replaces a warm-up.
    """

    def __init__(
        self,
        groups: list[dict[str, Any]],
        lr: float,
        weight_decay: float = 0.0,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-16,
        rectify: bool = False,
    ) -> None:
        defaults = {"lr": lr, "weight_decay": weight_decay, "betas": betas, "eps": eps, "rectify": rectify}
        super().__init__(groups, defaults)

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step; the closure, if any, computes the loss again."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._move(parameter, parameter.grad, group)
        return loss

    def _move(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state, (first, second) = self.state[parameter], group["betas"]
        if not state:
            state["step"] = 0
            state["mean"] = torch.zeros_like(parameter)
            state["spread"] = torch.zeros_like(parameter)
        state["step"] += 1
        step, mean, spread = state["step"], state["mean"], state["spread"]
        parameter.mul_(1.0 - group["lr"] * group["weight_decay"])
        mean.lerp_(gradient, 1.0 - first)
        surprise = gradient - mean
        spread.mul_(second).addcmul_(surprise, surprise, value=1.0 - second).add_(group["eps"])
        rate = group["lr"] / (1.0 - first**step)
        share = rectification(step, second) if group["rectify"] else 1.0
        if share is None:
            parameter.add_(mean, alpha=-rate)
            return
        spread_root = spread.sqrt().div_(math.sqrt(1.0 - second**step)).add_(group["eps"])
        parameter.addcdiv_(mean, spread_root, value=-rate * share)


def rectification(step: int, second: float) -> float | None:
    """Return the share of a full step the spread allows; None while it is known from too few gradients.

    Examples
    --------
    >>> rectification(1, 0.999), round(rectification(100, 0.999) or 0, 4), round(rectification(10_000, 0.999) or 0, 2)
    (None, 0.2153, 1.0)
    """
    longest = 2.0 / (1.0 - second) - 1.0
    length = longest - 2.0 * step * second**step / (1.0 - second**step)
    if length <= 5.0:
        return None
    return math.sqrt((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length))


def adabelief(
    groups: list[dict[str, Any]],
    lr: float,
    weight_decay: float,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-16,
    rectify: bool = False,
) -> torch.optim.Optimizer:
    """Build AdaBelief over groups of parameters."""
    first, second = betas
    return AdaBelief(groups, lr, weight_decay, betas=(first, second), eps=eps, rectify=rectify)


OPTIMIZER = adabelief
