"""The noise floor: what a mean daily RankIC without skill shows, once and at the best of many."""

from __future__ import annotations

import math
from dataclasses import dataclass

from augury.core.metrics.selection import expected_best
from augury.core.metrics.uncertainty import noise_floor


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """Printed beside every RankIC.

    Parameters
    ----------
    names, days : float
        Names a day and days.
    trials : int
        K >= 1 configurations, or epochs, of which the best is shown.

    Examples
    --------
    >>> print(NoiseFloor(500, 250).text())
    noise floor 0.0028
    >>> print(NoiseFloor(500, 250, trials=29).text())
    noise floor 0.0028, best of 29 by luck 0.0058 (at most about 0.0073)
    """

    names: float
    days: float
    trials: int = 1

    @property
    def error(self) -> float:
        """One standard error of a RankIC that is truly 0: ``1 / sqrt(days (names - 1))``."""
        return noise_floor(self.names, self.days)

    @property
    def best(self) -> float:
        """Where the best of K without skill is expected."""
        return self.error * expected_best(self.trials)

    @property
    def bound(self) -> float:
        """``sqrt(2 ln K)`` errors: the expectation of the best of K never lies above, 2.6 errors for 29."""
        return self.error * math.sqrt(2 * math.log(self.trials))

    def text(self, digits: int = 4) -> str:
        """One line."""
        floor = f"noise floor {self.error:.{digits}f}"
        if self.trials == 1:
            return floor
        return f"{floor}, best of {self.trials} by luck {self.best:.{digits}f} (at most about {self.bound:.{digits}f})"
