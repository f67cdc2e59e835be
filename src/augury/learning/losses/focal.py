"""Focal loss of classes: rows that are already right weigh little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._base import CLASS, Loss

BALANCED = "balanced"


def focal_rows(logits: Tensor, y: Tensor, gamma: float, weights: Tensor | None) -> Tensor:
    """``-w_y (1 - p_y)^gamma ln p_y`` row by row, p from the unweighted softmax."""
    log_p = torch.log_softmax(logits.float() if logits.dtype != torch.float64 else logits, -1)
    log_py = log_p.gather(-1, y[..., None])[..., 0]
    rows = -((-torch.expm1(log_py)).clamp(min=0.0) ** gamma) * log_py if gamma else -log_py
    return rows if weights is None else rows * weights.to(rows)[y]


def mean_of_rows(rows: Tensor, mask: Tensor | None) -> Tensor:
    """Plain mean over the rows that count, 0 for none."""
    if mask is None:
        return rows.mean()
    return torch.where(mask, rows, 0.0).sum() / mask.sum().clamp(min=1)


class FocalLoss(Loss):
    """Focal loss: ``L_i = -w_y (1 - p_y)^gamma ln p_y``, mean over samples.

    Parameters
    ----------
    gamma : float
        >= 0; 0 is weighted cross-entropy, larger looks harder at what is wrong. Default 2.
    class_weight : "balanced", sequence of float, or None
        ``balanced`` takes ``n / (K n_c)`` from the **training** labels through :meth:`fit`, divided by its
        smallest; a sequence has one weight above 0 a class, in the order of the codes.

    Raises
    ------
    UsageError
        Another number of weights than classes; balanced and never fitted.

    Examples
    --------
    >>> loss = FocalLoss(class_weight=(1.0, 1.17))
    >>> round(float(loss(torch.tensor([[2.0, 0.0]]), torch.tensor([1]))), 5)
    1.93059
    >>> FocalLoss().fit(torch.tensor([0, 0, 0, 1])).config()["settings"]["class_weight"]
    [1.0, 3.0]

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár (2017), *Focal loss for dense object detection*.
    """

    UNIT: ClassVar[str] = CLASS
    READS: ClassVar[str] = "logits"

    def __init__(self, gamma: float = 2.0, class_weight: str | Sequence[float] | None = BALANCED) -> None:
        super().__init__(gamma=gamma, class_weight=class_weight)
        wrong = class_weight != BALANCED if isinstance(class_weight, str) else _not_positive(class_weight)
        if not gamma >= 0 or wrong:
            raise UsageError(
                f"gamma={gamma} is at least 0; class_weight={class_weight!r} is 'balanced', none, or numbers above 0"
            )
        self.gamma = float(gamma)

    def fit(self, targets: Tensor) -> FocalLoss:
        """Derive balanced weights from the training labels; weights that were given stay."""
        if self.settings["class_weight"] == BALANCED:
            counts = torch.bincount(targets.reshape(-1).long())
            if not bool((counts > 0).all()):
                raise UsageError(f"balanced weights need every class in the training labels: {counts.tolist()}")
            self.settings["class_weight"] = [int(counts.max()) / int(count) for count in counts]
        return self

    def forward(self, logits: Tensor, y: Tensor, mask: Tensor | None = None) -> Tensor:
        """Measure logits ``(N, K)`` against codes ``(N,)``; masked rows count for nothing."""
        asked = self.settings["class_weight"]
        if asked == BALANCED:
            raise UsageError("balanced class weights come from the training labels: call fit(labels) first")
        if asked is not None and len(asked) != logits.shape[-1]:
            raise UsageError(f"{len(asked)} class weights were given for {logits.shape[-1]} classes")
        weights = None if asked is None else torch.tensor(asked, device=logits.device)
        if mask is not None:
            logits, y = torch.where(mask[..., None], logits, 0.0), torch.where(mask, y, 0)
        return mean_of_rows(focal_rows(logits, y, self.gamma, weights), mask)


def _not_positive(weights: Sequence[float] | None) -> bool:
    return weights is not None and not (len(weights) > 1 and all(weight > 0 for weight in weights))


LOSS = FocalLoss
