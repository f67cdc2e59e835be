"""Huber's loss in which a false rise and a false fall cost differently."""

from __future__ import annotations

import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._base import SCALED
from augury.learning.losses.huber import Huber, huber_rows


class AsymmetricDirectional(Huber):
    """Huber's loss times ``1 + penalty``, the penalty of a false rise or of a false fall.

    A portfolio that may not sell short loses money by a false rise and only an occasion by a false fall.

    Parameters
    ----------
    delta, unit
        As of :class:`Huber`.
    false_rise, false_fall : float
        >= 0: what is added when a rise was said and a fall came, and the other way round. Default 2 and 1.

    Examples
    --------
    >>> loss = AsymmetricDirectional()
    >>> [float(loss(torch.tensor([p]), torch.tensor([-p]))) for p in (0.25, -0.25)]
    [0.375, 0.25]
    """

    def __init__(
        self,
        delta: float | None = None,
        unit: str = SCALED,
        false_rise: float = 2.0,
        false_fall: float = 1.0,
    ) -> None:
        super().__init__(delta, unit)
        if not (false_rise >= 0 and false_fall >= 0):
            raise UsageError(f"false_rise={false_rise} and false_fall={false_fall} are at least 0")
        self.settings["false_rise"] = self.false_rise = float(false_rise)
        self.settings["false_fall"] = self.false_fall = float(false_fall)

    def row_losses(self, p: Tensor, y: Tensor) -> Tensor:
        """Measure row by row."""
        added = torch.where(p > 0, self.false_rise, self.false_fall) * (p * y < 0)
        return huber_rows(p - y, self.delta) * (1 + added)


LOSS = AsymmetricDirectional
