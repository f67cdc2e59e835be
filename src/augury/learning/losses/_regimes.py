"""What each day weighs, by the regime it lies in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from augury.core.errors import UsageError

MODES: Final = ("equal", "hard")
HARD: Final = (0.5, 2.0)
"""Bounds of the weight of a regime that was harder or easier than the mean."""


class RegimeWeights:
    """Weights of days, 1 on average.

    Parameters
    ----------
    mode : str
        ``equal``: each regime has the same total weight. ``hard``: a regime weighs its mean loss of the
        previous epoch over that of all regimes, within 0.5..2; 1 in the first epoch.
    days : mapping of int to int, optional
        Days of each regime in the fit slice. With them ``equal`` holds over an epoch, whatever a batch
        holds; without, within each batch.
    """

    def __init__(self, mode: str, days: Mapping[int, int] | Sequence[tuple[int, int]] | None = None) -> None:
        self.mode = mode
        self.days = None if days is None else {int(code): int(n) for code, n in dict(days).items()}
        if mode not in MODES or (self.days is not None and (not self.days or min(self.days.values()) < 1)):
            raise UsageError(f"mode={mode!r} is one of {', '.join(MODES)}; every regime of days={days} has a day")
        self.factors: dict[int, float] = {}
        self._sums: dict[int, tuple[float, int]] = {}

    def __call__(self, regimes: Tensor) -> Tensor:
        """Weigh the days of a batch by their codes ``(D,)``."""
        codes = [int(code) for code in regimes.tolist()]
        if self.mode == "hard":
            weights = [self.factors.get(code, 1.0) for code in codes]
        else:
            days = self.days or {code: codes.count(code) for code in codes}
            lost = sorted(set(codes) - set(days))
            if lost:
                raise UsageError(f"a day lies in regime {lost[0]}, days are known of {sorted(days)}")
            weights = [sum(days.values()) / (len(days) * days[code]) for code in codes]
        return torch.tensor(weights, device=regimes.device)

    def seen(self, regimes: Tensor, losses: Tensor, counted: Tensor) -> None:
        """Remember the losses ``(D,)`` of the days that counted."""
        for code, loss, counts in zip(regimes.tolist(), losses.detach().tolist(), counted.tolist(), strict=True):
            if counts:
                total, n = self._sums.get(int(code), (0.0, 0))
                self._sums[int(code)] = (total + loss, n + 1)

    def epoch_ended(self) -> None:
        """Turn what was remembered into the factors of the next epoch."""
        means = {code: total / n for code, (total, n) in sorted(self._sums.items())}
        overall = sum(means.values()) / len(means) if means else 0.0
        if overall > 0:
            self.factors = {code: min(max(value / overall, HARD[0]), HARD[1]) for code, value in means.items()}
        self._sums = {}
