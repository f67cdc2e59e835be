"""Scores become weights: the best and the worst of each day's cross-section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.errors import UsageError
from augury.core.typing import Floats

SIDES: Final = ("long_short", "long")


@dataclass(frozen=True, slots=True)
class Book:
    """How a cross-section of scores is held.

    Parameters
    ----------
    side : str
        ``long_short`` (default): half of the gross exposure long in the top share, half short in the
        bottom share; ``long``: all of it in the top share.
    share : float
        Share of the scored symbols on each side, in (0, 0.5]; default 0.2. At least one symbol.
    gross : float
        Sum of absolute weights, > 0; default 1.

    Examples
    --------
    >>> Book(share=0.25).weigh(np.array([[1.0, 2.0, 3.0, 4.0]])).tolist()
    [[-0.5, 0.0, 0.0, 0.5]]
    """

    side: str = "long_short"
    share: float = 0.2
    gross: float = 1.0

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise UsageError(f"side='{self.side}' is not known: {' or '.join(SIDES)}")
        if not 0 < self.share <= 0.5 or not self.gross > 0:
            raise UsageError(f"share={self.share} is outside (0, 0.5] or gross={self.gross} is not above 0")

    def weigh(self, scores: Floats, every: int = 1) -> Floats:
        """Turn scores into weights.

        Parameters
        ----------
        scores : (T, N)
            Higher is better; NaN takes no part and is decided to be 0.
        every : int
            Decide on every so many rows, from the first with two scores on; NaN on the others.

        Returns
        -------
        (T, N)
            Ties are broken by the order of the symbols.
        """
        if every < 1:
            raise UsageError(f"every={every} is below 1")
        targets = np.full(scores.shape, np.nan)
        scored = np.flatnonzero((~np.isnan(scores)).sum(axis=1) >= 2)
        if not len(scored):
            return targets
        for row in range(int(scored[0]), len(scores), every):
            targets[row] = self._row(scores[row])
        return targets

    def _row(self, scores: Floats) -> Floats:
        weights = np.zeros(len(scores))
        known = np.flatnonzero(~np.isnan(scores))
        if len(known) < 2:
            return weights
        order = known[np.argsort(scores[known], kind="stable")]
        picked = min(max(1, int(np.floor(self.share * len(known) + 1e-9))), len(known) // 2)
        part = self.gross / 2 if self.side == "long_short" else self.gross
        weights[order[-picked:]] = part / picked
        if self.side == "long_short":
            weights[order[:picked]] = -part / picked
        return weights
