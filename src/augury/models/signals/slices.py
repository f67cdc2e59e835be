"""Four slices in the order of time; none may see what another decides."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Self

import numpy as np

from augury.core.errors import InsufficientHistory, LeakError, UsageError
from augury.core.typing import Ints

ROWS_MIN = 50


@dataclass(frozen=True)
class SignalSlices:
    """Rows by what they decide.

    Parameters
    ----------
    fit : array of int
        The weights, the class weights and the percentiles of the returns.
    stop : array of int
        When the training ends.
    calibrate : array of int
        How a score becomes a frequency.
    choose : array of int
        From which probability on a signal is given.

    Raises
    ------
    LeakError
        Two slices share a row, or one does not follow the other in time.
    InsufficientHistory
        A slice has fewer than 50 rows.
    """

    fit: Ints
    stop: Ints
    calibrate: Ints
    choose: Ints

    def __post_init__(self) -> None:
        named = {item.name: np.asarray(getattr(self, item.name)) for item in fields(self)}
        for name, rows in named.items():
            if len(rows) < ROWS_MIN:
                raise InsufficientHistory(f"the slice '{name}' has {len(rows)} rows, it needs {ROWS_MIN}")
        for (left, before), (right, after) in pairwise(named.items()):
            if before.max() >= after.min():
                raise LeakError(
                    f"the slice '{left}' ends at row {before.max()} and '{right}' begins at row {after.min()}: "
                    "each follows the one before, so that no row decides two things"
                )

    @classmethod
    def of_times(
        cls, known: Ints, made: Ints, shares: tuple[float, float, float, float] = (0.6, 0.1, 0.15, 0.15)
    ) -> Self:
        """Cut rows by time, and leave out those whose outcome is known only after the next slice begins.

        Parameters
        ----------
        known : array of int
            When each outcome is known.
        made : array of int
            When each row could be asked about, ascending; rows of one moment stay together.
        shares : tuple of 4 floats
            Of the moments, adding up to 1.
        """
        if len(known) != len(made) or (np.diff(made) < 0).any() or abs(sum(shares) - 1) > 1e-9 or min(shares) <= 0:
            raise UsageError(
                f"{len(made)} ascending moments, as many outcomes and four shares adding up to 1 are needed"
            )
        moments = np.unique(made)
        cuts = [moments[min(len(moments) - 1, round(len(moments) * at))] for at in np.cumsum(shares)[:-1]]
        place = np.searchsorted(np.asarray(cuts), made, side="right")
        ends = np.append(cuts, np.iinfo(np.int64).max)
        return cls(*(np.flatnonzero((place == at) & (known < ends[at])) for at in range(4)))
