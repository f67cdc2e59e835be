"""Losses that are measured on each day by itself: how rows become days, and days become one number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, cast

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._base import ANY, Loss

NAMES_MIN: Final = 10
"""Names a day needs before a correlation or rank of it counts."""


@dataclass(frozen=True)
class Rows:
    """Rows folded into days: ``D`` days of up to ``M`` names, any leading axes (horizons) in front.

    Parameters
    ----------
    p : (..., D, M) or (..., D, M, K)
        What was said; 0 where masked.
    y : (..., D, M)
        What came; 0 where masked.
    mask : (..., D, M) bool
        Which cells are rows that have a target.
    named : bool
        The days were told apart. Without, the batch is one group, whose size is the caller's choice.
    weights : (D,), optional
        Of each day; 1 on average.
    extra : dict
        Folded alike: ``exposures``, ``symbols``; and ``levels`` of quantiles.
    """

    p: Tensor
    y: Tensor
    mask: Tensor
    named: bool = True
    weights: Tensor | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class Fold:
    """Where the rows of each day stand in the batch.

    Parameters
    ----------
    index : (D, M) int, optional
        Row of each cell; None is one day of all rows in their order.
    inside : (D, M) bool, optional
        Which cells are rows.
    """

    def __init__(self, index: Tensor | None = None, inside: Tensor | None = None) -> None:
        self.index, self.inside = index, inside

    @classmethod
    def of_day(cls, day: Tensor | None) -> Fold:
        """Fold by a code a row; days come in the order of their codes, rows keep theirs."""
        if day is None:
            return cls()
        _, inverse, counts = torch.unique(day, return_inverse=True, return_counts=True)
        return cls._of(torch.argsort(inverse, stable=True), counts)

    @classmethod
    def of_offsets(cls, offsets: Sequence[int], device: torch.device) -> Fold:
        """Fold by where each day begins; behind the last one stands the number of rows."""
        if len(offsets) == 2:
            return cls()
        ends = torch.tensor(tuple(offsets), device=device)
        return cls._of(torch.arange(offsets[-1], device=device), ends.diff())

    @classmethod
    def _of(cls, order: Tensor, counts: Tensor) -> Fold:
        at = torch.arange(int(counts.max()), device=order.device)
        inside = at < counts[:, None]
        starts = counts.cumsum(0) - counts
        return cls(order[torch.where(inside, starts[:, None] + at, 0)], inside)

    def __call__(self, x: Tensor) -> Tensor:
        """Fold ``(N, ...)`` to ``(D, M, ...)``."""
        return x[None] if self.index is None else x[self.index]

    def first(self, x: Tensor) -> Tensor:
        """Take one value a day of what is the same on all its rows: ``(N,)`` to ``(D,)``."""
        return self(x)[:, 0]

    def rows(self, mask: Tensor) -> Tensor:
        """Fold a mask ``(N, ...)``; cells that are no rows are out."""
        folded = self(mask)
        if self.inside is None:
            return folded
        return folded & self.inside.reshape(*self.inside.shape, *[1] * (folded.ndim - 2))


def masked(x: Tensor, mask: Tensor) -> Tensor:
    """Put 0 where a cell is masked, so that whatever stood there reaches neither value nor gradient."""
    wide = mask.reshape(*mask.shape, *[1] * (x.ndim - mask.ndim))
    return torch.where(wide, x, torch.zeros((), dtype=x.dtype, device=x.device))


def full(x: Tensor) -> Tensor:
    """At least float32: half precision has too few digits for sums over a day."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


class DayLoss(Loss, ABC):
    """A loss of each day by itself, then the mean over days.

    Attributes
    ----------
    NAMES_MIN : int
        Names a day needs, else it is left out; without days a group of two counts.
    DAYS_MIN : int
        Days a batch needs; with fewer the loss has nothing to say.
    NEEDS : tuple of str
        What ``forward`` must be given beside targets.
    """

    NAMES_MIN: ClassVar[int] = 1
    DAYS_MIN: ClassVar[int] = 1
    NEEDS: ClassVar[tuple[str, ...]] = ()

    @property
    def days_min(self) -> int:
        """Days a batch needs."""
        return self.DAYS_MIN

    def forward(
        self,
        predictions: Tensor,
        targets: Tensor | None = None,
        mask: Tensor | None = None,
        day: Tensor | None = None,
        *,
        day_weights: Tensor | None = None,
        **extra: Any,
    ) -> Tensor:
        """Measure a batch.

        Parameters
        ----------
        predictions : (N,) or (N, K)
        targets : (N,), optional
            A missing one is NaN and masks its row; some losses need none.
        mask : (N,) bool, optional
            Which rows count.
        day : (N,) int, optional
            Code of each row's day, ascending in time; without, all rows are one group.
        day_weights : (D,), optional
            Of the days in the order of their codes.
        **extra
            What the loss needs beside: ``exposures (N, K)``, ``symbols (N,)``, ``levels``.

        Returns
        -------
        scalar
        """
        missing = [name for name in self.NEEDS if extra.get(name) is None]
        if missing:
            raise UsageError(f"loss '{self.config()['loss']}' needs {', '.join(missing)}")
        n = len(predictions)
        known = torch.ones(n, dtype=torch.bool, device=predictions.device) if mask is None else mask.bool()
        y = predictions.new_zeros(n) if targets is None else targets
        if len(y) != n or len(known) != n or y.ndim != 1 or (day is not None and len(day) != n):
            raise UsageError(f"{n} predictions were met by targets {tuple(y.shape)} and a mask of {len(known)} rows")
        with torch.autocast(predictions.device.type, enabled=False):
            fold = Fold.of_day(day)
            inside = fold.rows(known & ~torch.isnan(y))
            return self.score(self._folded(fold, predictions, y, inside, day is not None, day_weights, extra))

    def _folded(
        self,
        fold: Fold,
        predictions: Tensor,
        y: Tensor,
        inside: Tensor,
        named: bool,
        weights: Tensor | None,
        extra: Mapping[str, Any],
    ) -> Rows:
        p = full(predictions)
        per_row = {name: fold(value) if isinstance(value, Tensor) else value for name, value in extra.items()}
        return Rows(masked(fold(p), inside), masked(fold(y.to(p.dtype)), inside), inside, named, weights, per_row)

    def score(self, rows: Rows) -> Tensor:
        """Measure folded rows; leading axes stay."""
        values, defined = self.per_day(rows)
        least = self.NAMES_MIN if rows.named else min(2, self.NAMES_MIN)
        return self.over_days(values, defined & (rows.mask.sum(-1) >= least), rows.weights)

    @abstractmethod
    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Return the loss of each day and whether it is defined there, both ``(..., D)``."""

    def over_days(self, values: Tensor, counted: Tensor, weights: Tensor | None) -> Tensor:
        """Average over the days that count; 0 when none does."""
        kept = masked(values, counted)
        weighed = kept if weights is None else kept * weights
        return weighed.sum(-1) / counted.sum(-1).clamp(min=1)


class Combined(DayLoss):
    """Several losses of the same rows, each with a weight: ``sum_k w_k loss_k``.

    Each term leaves out the days that are too thin for it alone.
    """

    def __init__(self, terms: Sequence[tuple[float, DayLoss]], **settings: Any) -> None:
        super().__init__(**settings)
        self.weights = tuple(weight for weight, _ in terms)
        self.terms = torch.nn.ModuleList([term for _, term in terms])
        units = {term.target_unit for _, term in terms} - {ANY}
        if len(units) > 1:
            raise UsageError(f"one target cannot have the units {', '.join(sorted(units))}")
        self._unit = units.pop() if units else ANY

    @property
    def target_unit(self) -> str:
        """The unit of the term that has one."""
        return self._unit

    @property
    def days_min(self) -> int:
        """Days the most demanding term needs."""
        return max(term.days_min for term in self.parts())

    def parts(self) -> list[DayLoss]:
        """Return the terms."""
        return [cast(DayLoss, term) for term in self.terms]

    def score(self, rows: Rows) -> Tensor:
        """Add the terms up."""
        scores = [weight * term.score(rows) for weight, term in zip(self.weights, self.parts(), strict=True)]
        return torch.stack(scores).sum(0)

    def per_day(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Add the terms up day by day; a day counts where any term does."""
        found = [term.per_day(rows) for term in self.parts()]
        values = [weight * masked(*one) for weight, one in zip(self.weights, found, strict=True)]
        return torch.stack(values).sum(0), torch.stack([defined for _, defined in found]).any(0)

    def fit(self, targets: Tensor) -> Combined:
        """Let every term learn from the training targets."""
        for term in self.parts():
            term.fit(targets)
        if "base" in self.settings and isinstance(self.settings["base"], dict):
            self.settings["base"] = self.parts()[0].config()
        return self


def day_loss(base: str | Mapping[str, Any] | Loss) -> DayLoss:
    """Build the base of a loss that wraps another.

    Raises
    ------
    UsageError
        It is not measured by day.
    """
    from augury.learning.losses._registry import build

    loss = base if isinstance(base, Loss) else build(base if isinstance(base, str) else dict(base))
    if not isinstance(loss, DayLoss):
        raise UsageError(f"'{loss.config()['loss']}' is not measured by day and cannot be a base")
    return loss
