"""The likelihood of a Student t: location, scale and how heavy the tails are."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

from augury.core.errors import UsageError
from augury.learning.losses._days import DayLoss, Rows
from augury.learning.losses._statistics import mean

FREEDOM = (2.2, 40.0)
"""Degrees of freedom: above 2 the variance exists, from 40 on it is a normal."""


class StudentT(DayLoss):
    """Negative log likelihood of the head ``student_t (..., 3)``: location, raw scale, raw degrees of freedom.

    The scale is ``softplus(raw)``; the degrees of freedom are ``2.2 + 37.8 sigmoid(raw)``.

    Examples
    --------
    >>> round(float(StudentT()(torch.tensor([[0.0, 0.541325, 9.0]]), torch.tensor([0.0]))), 4)
    0.9252
    """

    READS: ClassVar[str] = "student_t"

    def __init__(self) -> None:
        super().__init__()

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Average the rows of a day."""
        if rows.p.ndim != rows.y.ndim + 1 or rows.p.shape[-1] != 3:
            raise UsageError(f"a Student t head gives 3 numbers a row, the output is {tuple(rows.p.shape)}")
        location, scale, nu = parameters(rows.p)
        z = (rows.y - location) / scale
        norm = torch.lgamma((nu + 1) / 2) - torch.lgamma(nu / 2) - 0.5 * torch.log(nu * math.pi) - torch.log(scale)
        return mean((nu + 1) / 2 * torch.log1p(z.square() / nu) - norm, rows.mask), rows.mask.any(-1)


def parameters(head: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Turn a head ``(..., 3)`` into location, scale above 0, and degrees of freedom in 2.2..40."""
    low, high = FREEDOM
    return head[..., 0], softplus(head[..., 1]) + 1e-6, low + (high - low) * torch.sigmoid(head[..., 2])


LOSS = StudentT
