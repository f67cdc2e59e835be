"""Champion against challenger, looked at every day: when has one shown that it is better?

Looking daily at an ordinary test finds a difference between equal models sooner or later. Here evidence
is a wealth that a fair game does not increase on average, so it may be looked at whenever one likes:
for equal models the chance that it ever reaches ``1 / error`` is at most ``error`` (Ville 1939).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np

from augury.core.errors import DataError, UsageError
from augury.core.score import ENOUGH
from augury.core.typing import Floats, Json

STATES: Final = ("continue", "promote", "reject", "insufficient")
_SHARES: Final = (0.9, 0.1)
"""Of the wealth: on a lead of ``effect``, and on who wins the round."""
_PRIOR_BLOCKS: Final = 10
_PRIOR_VARIANCE: Final = 0.5
"""Of the difference of two independent right-or-wrong answers at 50 %."""


@dataclass
class SequentialComparison:
    """A running comparison of paired scores, one update a day.

    Equal models may be swapped without changing anything, so a day's difference d is as likely as -d
    whatever ties its forecasts together, and ``exp(l d - l^2 d^2 / 2)`` is worth at most 1 on average
    for every bet l fixed before the day (de la Peña 1999). Nine tenths of the wealth bet what is best
    should the challenger be ahead by exactly ``effect``, given the spread of the days seen so far; one
    tenth stakes half of itself each day on who wins the day, so that an obvious difference is seen in
    two or three weeks. A second wealth plays the same game against "ahead by ``effect``": it withdraws
    a challenger that is not.

    Outcomes of h days overlap, so that for h > 1 a block of 3 h days is one round and the h - 1 days
    after it, whose outcomes still overlap those of the block, are left out.

    Parameters
    ----------
    effect : float
        Smallest lead worth a promotion, in the unit of the scores, > 0; 0.02 is 2 points of accuracy.
        Smaller takes longer: time grows with ``1 / effect^2``.
    error : float
        Chance, in (0, 1), that an equal challenger is ever promoted.
    miss : float
        Chance, in (0, 1), that one ahead by ``effect`` is ever withdrawn.
    horizon_days : int
        h >= 1, days an outcome takes.
    days_max : int
        Days after which the question stays open: ``insufficient``.
    rounds_min : int
        Rounds, and 50 forecasts, before which nothing is decided.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> run = SequentialComparison()
    >>> while run.state in ("insufficient", "continue"):
    ...     state = run.update(rng.binomial(1, 0.58, 60) - rng.binomial(1, 0.52, 60))
    >>> run.state, run.days < 100
    ('promote', True)
    >>> SequentialComparison.from_json(run.to_json()) == run
    True
    """

    effect: float = 0.02
    error: float = 0.05
    miss: float = 0.05
    horizon_days: int = 1
    days_max: int = 250
    rounds_min: int = 10
    state: str = "insufficient"
    days: int = 0
    forecasts: int = 0
    rounds: int = 0
    squares: float = 0.0
    log_better: list[float] = field(default_factory=lambda: [math.log(share) for share in _SHARES])
    log_not_better: list[float] = field(default_factory=lambda: [math.log(share) for share in _SHARES])
    block_days: int = 0
    block_sum: float = 0.0
    block_n: int = 0

    def __post_init__(self) -> None:
        if not (self.effect > 0 and 0 < self.error < 1 and 0 < self.miss < 1 and self.horizon_days >= 1):
            raise UsageError(
                f"a comparison with effect={self.effect}, error={self.error}, miss={self.miss}, horizon_days="
                f"{self.horizon_days}: effect > 0, error and miss inside (0, 1), horizon_days >= 1"
            )

    @property
    def decided(self) -> bool:
        """True when no further day can change the state."""
        return self.state in ("promote", "reject") or self.days >= self.days_max

    def update(self, differences: Floats) -> str:
        """Take in one day and return the state.

        Parameters
        ----------
        differences : (forecasts of the day,)
            Score of the challenger minus that of the champion on the same forecast, e.g. 1, 0, -1 for
            right or wrong; empty for a day without forecasts. Days come in order, each once.

        Returns
        -------
        str
            ``promote`` or ``reject`` (both are final), ``continue``, or ``insufficient``: fewer than
            ``rounds_min`` rounds or 50 forecasts, or ``days_max`` days without a decision.
        """
        if not np.isfinite(differences).all():
            raise DataError(f"day {self.days + 1} of a comparison holds differences that are not finite")
        if self.decided:
            return self.state
        self.days += 1
        self.forecasts += len(differences)
        self._collect(float(np.sum(differences)), len(differences))
        self.state = self._judge()
        return self.state

    def to_json(self) -> Json:
        """Write everything that is needed to go on."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Json) -> SequentialComparison:
        """Read what :meth:`to_json` wrote."""
        return cls(**value)

    def text(self) -> str:
        """One line for people.

        Examples
        --------
        >>> SequentialComparison().text()
        'insufficient after 0 days and 0 forecasts: evidence for the challenger 1.0 of 20, against it 1.0 of 20'
        """
        return (
            f"{self.state} after {self.days} days and {self.forecasts} forecasts: evidence for the challenger "
            f"{_wealth(self.log_better)} of {1 / self.error:.0f}, against it {_wealth(self.log_not_better)} of "
            f"{1 / self.miss:.0f}"
        )

    def _collect(self, total: float, n: int) -> None:
        """Add a day to the block; a full block is one round of the game."""
        h = self.horizon_days
        whole = 1 if h == 1 else 3 * h
        self.block_days += 1
        if self.block_days <= whole:
            self.block_sum, self.block_n = self.block_sum + total, self.block_n + n
        if self.block_days == whole and self.block_n:
            self._play(self.block_sum / self.block_n, self.block_n)
        if self.block_days >= whole + h - 1:
            self.block_days, self.block_sum, self.block_n = 0, 0.0, 0

    def _play(self, mean: float, n: int) -> None:
        # In units in which a round of many forecasts spreads no more than one of few.
        root = math.sqrt(n)
        spread = (_PRIOR_BLOCKS * _PRIOR_VARIANCE + self.squares) / (_PRIOR_BLOCKS + self.rounds)
        bet = self.effect * root / spread
        for wealth, gain, won in (
            (self.log_better, mean * root, np.sign(mean)),
            # Whoever is ahead loses no more days than he wins: a day lost is evidence against it, a tie is none.
            (self.log_not_better, (self.effect - mean) * root, -np.sign(mean)),
        ):
            wealth[0] += bet * gain - (bet * gain) ** 2 / 2
            wealth[1] += math.log1p(0.5 * float(won))
        self.squares += n * mean**2
        self.rounds += 1

    def _judge(self) -> str:
        if self.rounds < self.rounds_min or self.forecasts < ENOUGH:
            return "insufficient"
        if _log(self.log_better) >= -math.log(self.error):
            return "promote"
        if _log(self.log_not_better) >= -math.log(self.miss):
            return "reject"
        return "insufficient" if self.days >= self.days_max else "continue"


def _log(parts: list[float]) -> float:
    return float(np.logaddexp(parts[0], parts[1]))


def _wealth(parts: list[float]) -> str:
    return f"{math.exp(min(_log(parts), 20.0)):.1f}"
