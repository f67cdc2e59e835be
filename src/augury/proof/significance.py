"""Is it real? The mean of a daily series with everything that must stand beside it, and the walk forward."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics.bootstrap import block_length, bootstrap_difference, bootstrap_mean
from augury.core.metrics.comparison import diebold_mariano
from augury.core.metrics.newey_west import newey_west
from augury.core.metrics.ranking import icir
from augury.core.metrics.uncertainty import Z95, wilson
from augury.core.score import ENOUGH
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Floats
from augury.proof.noise_floor import NoiseFloor
from augury.proof.selection import deflate


@dataclass(frozen=True, slots=True)
class MeanEvidence:
    """A mean of a daily series.

    Parameters
    ----------
    mean : float
    low, high : float or None
        95 % by day blocks; None below three blocks.
    t, p : float
        Of Newey and West, lag h - 1; NaN without spread.
    ratio : float
        Mean over standard deviation a day (ICIR); NaN without spread.
    days : int
    horizon_bars : int
        h: days that count are days / h.
    """

    mean: float
    low: float | None
    high: float | None
    t: float
    p: float
    ratio: float
    days: int
    horizon_bars: int

    def text(self, digits: int = 4) -> str:
        """One line; below 50 days that count it says so.

        Examples
        --------
        >>> mean_evidence(np.tile([0.0, 0.02], 300), 1).text()
        '0.0100 [0.0097, 0.0103], t=24.5, 600 days'
        >>> mean_evidence(np.tile([0.0, 0.02], 20), 1).text()
        'insufficient (n=40)'
        """
        counted = self.days / self.horizon_bars
        if counted < ENOUGH:
            return f"insufficient (n={int(counted)})"
        ends = "" if self.low is None else f" [{self.low:.{digits}f}, {self.high:.{digits}f}]"
        return f"{self.mean:.{digits}f}{ends}, t={self.t:.1f}, {self.days} days"


def mean_evidence(daily: Floats, horizon_bars: int, *, seed: int = DEFAULT_SEED) -> MeanEvidence:
    """Weigh the mean of a daily series, e.g. a RankIC a day.

    Parameters
    ----------
    daily : (days,)
        In time order, finite.
    horizon_bars : int
        h >= 1: days whose outcomes overlap.
    seed : int
        Of the bootstrap.
    """
    test = newey_west(daily, horizon_bars)
    block = block_length(len(daily), horizon_bars)
    ends = bootstrap_mean(daily, block, seed=seed) if len(daily) > 2 * block else None
    low, high = ends or (None, None)
    return MeanEvidence(test.mean, low, high, test.t, test.p, icir(daily), len(daily), horizon_bars)


def rank_ic_text(daily: Floats, horizon_bars: int, names: float, *, trials: int = 1) -> str:
    """The mean RankIC with interval, t, noise floor and DSR for its number of trials in one line.

    Examples
    --------
    >>> print(rank_ic_text(0.02 + 0.05 * np.random.default_rng(0).normal(size=500), 1, 400))
    0.0187 [0.0142, 0.0230], t=8.2, 500 days, noise floor 0.0022, DSR 1.00
    """
    floor = NoiseFloor(names, len(daily) / horizon_bars, trials)
    deflated = deflate(daily, trials=trials, metric="rank_ic", horizon_bars=horizon_bars)
    dsr = "undefined" if deflated.dsr is None else f"{deflated.dsr:.2f}"
    return f"{mean_evidence(daily, horizon_bars).text()}, {floor.text()}, DSR {dsr}"


@dataclass(frozen=True, slots=True)
class LossComparison:
    """Loss of a minus loss of b, by day: ``difference`` below 0 is for a; ``p`` of Diebold and Mariano."""

    difference: float
    low: float | None
    high: float | None
    statistic: float
    p: float
    days: int


def compare_losses(loss_a: Floats, loss_b: Floats, horizon_bars: int, *, seed: int = DEFAULT_SEED) -> LossComparison:
    """Compare two forecasters by their mean loss a day, on the same days.

    Parameters
    ----------
    loss_a, loss_b : (days,)
        Mean loss of each day, in time order: forecasts of one day move together and count once.
    horizon_bars : int
        h >= 1.
    seed : int
        Of the bootstrap.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> loss = rng.normal(size=400) ** 2
    >>> found = compare_losses(loss, loss + 0.05 + 0.1 * rng.normal(size=400), 1)
    >>> found.high < 0, found.p < 0.001
    (True, True)
    """
    test = diebold_mariano(loss_a, loss_b, horizon_bars)
    block = block_length(len(loss_a), horizon_bars)
    ends = bootstrap_difference(loss_a, loss_b, block, seed=seed) if len(loss_a) > 2 * block else None
    low, high = ends or (None, None)
    return LossComparison(float(np.mean(loss_a - loss_b)), low, high, test.statistic, test.p, len(loss_a))


@dataclass(frozen=True, slots=True)
class WalkForwardEfficiency:
    """How much of the skill of validation was left on test: ``value`` 1 is all; None is undefined."""

    value: float | None
    low: float | None
    high: float | None

    def text(self) -> str:
        """One cell.

        Examples
        --------
        >>> walk_forward_efficiency(510, 1000, 505, 1000).text()
        'undefined'
        """
        return "undefined" if self.value is None else f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def walk_forward_efficiency(
    valid_hits: float, valid_n: float, test_hits: float, test_n: float, *, chance: float = 0.5
) -> WalkForwardEfficiency:
    """WFE: ``(test accuracy - chance) / (validation accuracy - chance)`` with its 95 % interval (Fieller 1954).

    Where the 95 % interval of the validation accuracy holds ``chance``, it is a ratio of noise and
    undefined. The interval is the set of ratios r for which ``test - r validation`` may be 0.

    Parameters
    ----------
    valid_hits, valid_n, test_hits, test_n : float
        Right answers and rows that count, of validation and of test.
    chance : float
        Accuracy without skill, in (0, 1).

    Examples
    --------
    >>> walk_forward_efficiency(600, 1000, 560, 1000).text()
    '0.60 [0.28, 1.04]'
    """
    if not 0 < chance < 1 or valid_n <= 0 or test_n <= 0:
        raise DataError(
            f"WFE needs rows and a chance inside (0, 1); found {valid_n} and {test_n} rows, chance {chance}"
        )
    low, high = wilson(valid_hits, valid_n)
    if low <= chance <= high:
        return WalkForwardEfficiency(None, None, None)
    bottom, top = valid_hits / valid_n - chance, test_hits / test_n - chance
    z2 = Z95**2
    of_bottom = z2 * valid_hits / valid_n * (1 - valid_hits / valid_n) / valid_n
    of_top = z2 * test_hits / test_n * (1 - test_hits / test_n) / test_n
    square = bottom**2 - of_bottom
    # Wilson and this normal error differ a little: where they disagree the ratio is undefined too.
    if square <= 0:
        return WalkForwardEfficiency(None, None, None)
    root = math.sqrt(max((top * bottom) ** 2 - square * (top**2 - of_top), 0.0))
    return WalkForwardEfficiency(top / bottom, (top * bottom - root) / square, (top * bottom + root) / square)
