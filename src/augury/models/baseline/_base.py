"""What the baselines share: the label rule, the train mean, the return up to each bar."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np

from augury.core.tables import PAST_RETURN, LabelledTable
from augury.core.typing import Codes, Floats


def classes_of(returns: Floats, threshold: float) -> Codes:
    """Return the label codes of returns under a threshold, the rule of the label spec.

    Examples
    --------
    >>> classes_of(np.array([-0.02, 0.009, 0.02]), 0.009)
    array([-1,  0,  1], dtype=int8)
    """
    return (returns > threshold).astype(np.int8) - (returns < -threshold).astype(np.int8)


class PointBaseline(ABC):
    """A baseline whose class follows from the return it expects; subclasses say which.

    Attributes
    ----------
    mean_ : float
        Mean h-bar return of the train rows.
    """

    mean_: float

    def fit(self, table: LabelledTable) -> Self:
        """Learn from train rows."""
        self.mean_ = float(table.forward_returns.mean())
        return self

    def predict(self, table: LabelledTable) -> Codes:
        """Return the class of the expected return, ``(n,)``."""
        return classes_of(self.expected_return(table), table.spec.threshold)

    @abstractmethod
    def expected_return(self, table: LabelledTable) -> Floats:
        """Return the expected h-bar return, ``(n,)``."""

    def _past(self, table: LabelledTable) -> Floats:
        """The h-bar return up to each bar; the train mean where the history is too short to have one."""
        past = table.column(PAST_RETURN)
        return np.where(np.isfinite(past), past, self.mean_)


def constant(table: LabelledTable, value: float) -> Floats:
    """One value for every row."""
    return np.full(len(table), value)
