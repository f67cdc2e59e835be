"""What a trial measured, typed: an objective reads fields, never a log."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

from augury.core.errors import DataError, UnknownName
from augury.core.suggestion import did_you_mean
from augury.core.typing import Json

SHARPE_SCALE: Final = 0.05
"""A daily RankIC of 0.05 and an annual Sharpe of 1.0 weigh alike in ``blended``."""


@dataclass(frozen=True, slots=True)
class TrialMetrics:
    """Figures of inner folds; None where one is not defined.

    Parameters
    ----------
    n : int
        Rows that were answered out of fold.
    rank_ic, sharpe_net : float
        Of the pooled answers; the Sharpe ratio is annualised, after costs, on non-overlapping periods.
    accuracy, balanced_accuracy : float
    loss : float
        Mean log loss.
    parameters : int
        Numbers a network learns, for ``speed_and_size``.
    seconds_per_row : float
        Of an answer.
    series : tuple of float
        What each row adds to the RankIC, for the trial ledger.
    horizon_bars : int
        Values of the series that overlap.
    """

    n: int
    rank_ic: float | None = None
    sharpe_net: float | None = None
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    loss: float | None = None
    parameters: int | None = None
    seconds_per_row: float | None = None
    series: tuple[float, ...] = ()
    horizon_bars: int = 1

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self) | {"series": list(self.series)}

    @classmethod
    def from_json(cls, value: Json) -> TrialMetrics:
        """Read what :meth:`to_json` wrote."""
        return cls(**(value | {"series": tuple(value["series"])}))


def blended(metrics: TrialMetrics) -> float | None:
    """Weigh 0.7 RankIC and 0.3 of the Sharpe ratio, brought to the size of a RankIC."""
    if metrics.rank_ic is None or metrics.sharpe_net is None:
        return None
    return 0.7 * metrics.rank_ic + 0.3 * SHARPE_SCALE * metrics.sharpe_net


def speed_and_size(metrics: TrialMetrics) -> float | None:
    """Weigh 0.6 balanced accuracy, 0.25 speed and 0.15 size; both fall from 1 towards 0 as they grow.

    Half is lost at 5 ms a row and at 500,000 numbers.
    """
    if metrics.balanced_accuracy is None or metrics.parameters is None or metrics.seconds_per_row is None:
        return None
    speed = 1 / (1 + metrics.seconds_per_row / 0.005)
    return 0.6 * metrics.balanced_accuracy + 0.25 * speed + 0.15 / (1 + metrics.parameters / 500_000)


OBJECTIVES: Final[dict[str, Callable[[TrialMetrics], float | None]]] = {
    "rank_ic": lambda metrics: metrics.rank_ic,
    "sharpe": lambda metrics: metrics.sharpe_net,
    "blended": blended,
    "balanced_accuracy": lambda metrics: metrics.balanced_accuracy,
    "speed_and_size": speed_and_size,
}
"""Larger is better in every one."""


def value_of(objective: str, metrics: TrialMetrics) -> float:
    """Return what a trial is worth.

    Raises
    ------
    UnknownName
        No such objective.
    DataError
        The metrics do not define it: the trial has failed, it is not worth 0.

    Examples
    --------
    >>> value_of("rank_ic", TrialMetrics(n=100, rank_ic=-0.01))
    -0.01
    """
    if objective not in OBJECTIVES:
        hint = did_you_mean(objective, OBJECTIVES)
        raise UnknownName(f"unknown objective '{objective}'{hint} (known: {', '.join(OBJECTIVES)})")
    value = OBJECTIVES[objective](metrics)
    if value is None or not math.isfinite(value):
        raise DataError(f"'{objective}' is not defined by what {metrics.n} rows measured")
    return value
