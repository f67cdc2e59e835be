"""What every band shape shares: it learns from train rows, answers with a spread, lives in a folder."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from augury.core.errors import InsufficientHistory
from augury.core.tables import VOLATILITY, LabelledTable
from augury.core.typing import Floats


@dataclass(frozen=True)
class Spread:
    """How far outcomes may lie, row by row, before conformal factors are laid on.

    Parameters
    ----------
    scale : array (n,)
        Of the h-bar return, as a fraction, 0 or above; conformal factors are counted in it.
    ladder : dict, optional
        ``core.forecast.QUANTILES`` names to ``(n,)`` returns the bands start from; default all
        start from the centre of the ensemble.
    """

    scale: Floats
    ladder: dict[str, Floats] | None = None

    @staticmethod
    def joined(parts: Sequence[Spread]) -> Spread:
        """Rows of several spreads of one shape, one below the other."""
        ladders = [part.ladder for part in parts if part.ladder is not None]
        joined = {name: np.concatenate([one[name] for one in ladders]) for name in ladders[0]} if ladders else None
        return Spread(np.concatenate([part.scale for part in parts]), joined)

    def newest(self, n: int) -> Spread:
        """The last ``n`` rows."""
        ladder = None if self.ladder is None else {name: values[-n:] for name, values in self.ladder.items()}
        return Spread(self.scale[-n:], ladder)


class BandShape(ABC):
    """Where the width of a band comes from; knows nothing of the promise it is held to."""

    def fit(self, train: LabelledTable, seed: int) -> Self:
        """Learn from known rows in time order.

        Raises
        ------
        InsufficientHistory
            Too few rows, or bars without what the shape reads.
        """
        return self

    @abstractmethod
    def spread(self, table: LabelledTable) -> Spread:
        """Answer for each row from what was known at it.

        Raises
        ------
        InsufficientHistory
            Something it reads is not known in every row.
        """

    def save(self, folder: Path) -> None:  # noqa: B027 - a shape without a state has nothing to write
        """Write into an existing folder, in safe formats only."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; spreads are equal bit for bit.

        Raises
        ------
        CorruptArtifact
            A file is missing or damaged.
        """
        return cls()


def volatility_scale(table: LabelledTable) -> Floats:
    """Return ``vol * sqrt(h)`` of each row, ``(n,)``.

    Raises
    ------
    InsufficientHistory
        The volatility of a row is not known.
    """
    vol = table.column(VOLATILITY)
    if not np.isfinite(vol).all() or (vol < 0).any():
        raise InsufficientHistory(f"the volatility of {int((~np.isfinite(vol)).sum())} rows is not known")
    return vol * math.sqrt(table.spec.horizon_bars)
