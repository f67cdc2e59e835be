"""Focal loss whose weights go by label, so that no order of classes can mis-weigh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._base import CLASS, Loss
from augury.learning.losses.focal import focal_rows, mean_of_rows

Label = str | int


class FocalLossWithAlpha(Loss):
    """:class:`FocalLoss` with a weight a label.

    Parameters
    ----------
    alpha : mapping of label to float
        Weights above 0. Written as pairs, so that a number stays a number in JSON.
    gamma : float
        >= 0, default 2.
    classes : sequence of label, optional
        What the columns of the logits stand for; sorted labels when not given.

    Raises
    ------
    UsageError
        Classes and labels differ.

    Examples
    --------
    >>> ahead = FocalLossWithAlpha({"flat": 1.0, "up": 1.17}, classes=("flat", "up"))
    >>> turned = FocalLossWithAlpha({"flat": 1.0, "up": 1.17}, classes=("up", "flat"))
    >>> logits = torch.tensor([[2.0, 0.0]])
    >>> round(float(ahead(logits, torch.tensor([1]))), 5), round(float(turned(logits.flip(-1), torch.tensor([0]))), 5)
    (1.93059, 1.93059)
    """

    UNIT: ClassVar[str] = CLASS
    READS: ClassVar[str] = "logits"

    def __init__(
        self,
        alpha: Mapping[Label, float] | Sequence[tuple[Label, float]],
        gamma: float = 2.0,
        classes: Sequence[Label] | None = None,
    ) -> None:
        weights = dict(alpha)
        order = sorted(weights, key=lambda label: (str(type(label)), label)) if classes is None else list(classes)
        super().__init__(alpha=list(weights.items()), gamma=gamma, classes=order)
        if not gamma >= 0 or len(weights) < 2 or not all(weight > 0 for weight in weights.values()):
            raise UsageError(f"gamma={gamma} is at least 0; alpha={weights} needs 2 labels with weights above 0")
        if len(order) != len(weights) or set(order) != set(weights):
            raise UsageError(f"classes {order} and the labels of alpha {list(weights)} differ")
        self.gamma = float(gamma)
        self._by_column = [float(weights[label]) for label in order]

    def forward(self, logits: Tensor, y: Tensor, mask: Tensor | None = None) -> Tensor:
        """Measure logits ``(N, K)`` against columns ``(N,)``; masked rows count for nothing."""
        if logits.shape[-1] != len(self._by_column):
            raise UsageError(f"{len(self._by_column)} labels have weights, the logits have {logits.shape[-1]} columns")
        if mask is not None:
            logits, y = torch.where(mask[..., None], logits, 0.0), torch.where(mask, y, 0)
        weights = torch.tensor(self._by_column, device=logits.device)
        return mean_of_rows(focal_rows(logits, y, self.gamma, weights), mask)


LOSS = FocalLossWithAlpha
