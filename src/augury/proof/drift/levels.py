"""Levels of drift: accuracy over matured forecasts against the baseline of the version that made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from augury.core.errors import DataError
from augury.core.typing import Bools, Floats
from augury.proof.drift.control import TINY, binomial_p, cusum, rejected
from augury.proof.drift.metrics import PerformanceMetrics
from augury.proof.drift.thresholds import load_thresholds
from augury.proof.limits import Limits


@dataclass(frozen=True)
class CellEvidence:
    """Matured forecasts of one symbol and timeframe, in order of maturity.

    Parameters
    ----------
    symbol, timeframe : str
    matured_on : (n,) of datetime64[D]
        UTC day of each outcome.
    hits : (n,)
        Whether the class that was said came.
    horizon_bars : (n,)
        h: an outcome counts 1 / h.
    baselines : (n,)
        Accuracy of the serving version of that horizon on its report slice.
    best_baselines : (n,)
        What the best baseline reached on the same report slice.
    notes : tuple of str
        What is known beforehand, see :class:`PerformanceMetrics`.
    """

    symbol: str
    timeframe: str
    matured_on: NDArray[np.datetime64]
    hits: Bools
    horizon_bars: Floats
    baselines: Floats
    best_baselines: Floats
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, name)) for name in ("hits", "horizon_bars", "baselines", "best_baselines")}
        if lengths != {len(self.matured_on)} or (np.diff(self.matured_on.astype(np.int64)) < 0).any():
            raise DataError(f"outcomes of {self.symbol} {self.timeframe} do not match or are not in order of maturity")


class _Pooled(NamedTuple):
    """A window: weighted by 1 / h, so that n_eff is what the accuracy is worth."""

    n: int
    n_eff: float
    hits: float
    baseline: float
    best: float
    newest: date


class _Weighed(NamedTuple):
    pooled: _Pooled
    p_value: float
    cusum: float


def judge(cells: Sequence[CellEvidence], day: date, thresholds: Limits | None = None) -> list[PerformanceMetrics]:
    """Judge every cell of a day together.

    NORMAL above -5 points, MONITOR down to -15, DRIFT below, EMERGENCY below -25; the last two only when
    the tests of :mod:`augury.proof.drift.control` reject, else the cell stays MONITOR. Exactly -5, -15
    and -25 belong to the milder level. The window takes whole days, the newest first, until n_eff is 40,
    90 days at most; the CUSUM runs over all 90. A day on which nothing matured is NO_DATA.

    Parameters
    ----------
    cells : sequence of CellEvidence
        All cells that are watched: the tests are held to one level over them.
    day : date
        The day that is judged; later outcomes are left out.
    thresholds : Limits, optional

    Returns
    -------
    list of PerformanceMetrics
        One a cell, in the order given.

    Examples
    --------
    >>> days = np.arange("2026-01-01", "2026-03-02", dtype="datetime64[D]")
    >>> n = len(days)
    >>> same = CellEvidence("A", "d1", days, np.arange(n) % 2 == 0, np.ones(n), np.full(n, 0.5), np.full(n, 0.4))
    >>> judge([same], date(2026, 3, 1))[0].text()
    'A d1 NORMAL: accuracy 0.500 vs 0.500 (+0.0 points), n=40, n_eff=40, p=0.56'
    """
    limits = thresholds or load_thresholds()
    weighed = [_weigh(cell, day, limits) for cell in cells]
    enough = [place for place, found in enumerate(weighed) if found is not None and _enough(found.pooled, limits)]
    tested = [found for place in enough if (found := weighed[place]) is not None]
    verdicts = rejected([found.cusum for found in tested], [found.p_value for found in tested], limits)
    rejects = dict(zip(enough, verdicts, strict=True))
    return [
        _row(cell, day, found, rejects.get(place), limits)
        for place, (cell, found) in enumerate(zip(cells, weighed, strict=True))
    ]


def _enough(pooled: _Pooled, limits: Limits) -> bool:
    return pooled.n_eff >= limits["levels.n_eff_min"] - TINY


def _weigh(cell: CellEvidence, day: date, limits: Limits) -> _Weighed | None:
    """The window and its tests; None when nothing is known."""
    since = np.datetime64(day - timedelta(days=int(limits["levels.window_days"]) - 1))
    start, stop = np.searchsorted(cell.matured_on, [since, np.datetime64(day + timedelta(days=1))])
    if start == stop:
        return None
    known = slice(int(start), int(stop))
    weights = 1.0 / np.asarray(cell.horizon_bars[known], np.float64)
    hits, baselines = cell.hits[known], cell.baselines[known]
    first = _window(cell.matured_on[known], weights, limits["levels.n_eff_min"])
    inside = slice(first, None)
    n_eff = float(weights[inside].sum())
    pooled = _Pooled(
        n=len(hits) - first,
        n_eff=n_eff,
        hits=float((weights * hits)[inside].sum()),
        baseline=_mean(baselines[inside], weights[inside]),
        best=_mean(cell.best_baselines[known][inside], weights[inside]),
        newest=cell.matured_on[known][-1].astype(date),
    )
    value = cusum(hits, weights, baselines, limits["test.cusum_step"])
    return _Weighed(pooled, binomial_p(pooled.hits, n_eff, pooled.baseline), value)


def _window(matured_on: NDArray[np.datetime64], weights: Floats, n_eff_min: float) -> int:
    """Place of the first outcome of the shortest window of whole days that counts enough, else 0."""
    worth = np.cumsum(weights[::-1])[::-1]
    enough = np.flatnonzero(worth >= n_eff_min - TINY)
    return int(np.searchsorted(matured_on, matured_on[enough[-1]])) if len(enough) else 0


def _mean(values: Floats, weights: Floats) -> float:
    """Weighted mean; of equal values that very value, so that a stored baseline is shown as it was stored."""
    same = float(values[0])
    return same if (values == same).all() else float((weights * values).sum() / weights.sum())


def _row(
    cell: CellEvidence, day: date, found: _Weighed | None, rejects: bool | None, limits: Limits
) -> PerformanceMetrics:
    if found is None:
        level = "INSUFFICIENT_DATA" if "ABSTAINS" in cell.notes else "NO_DATA"
        return PerformanceMetrics(
            cell.symbol, cell.timeframe, day, None, 0, None, None, False, level, None, 0.0, None, cell.notes
        )
    pooled = found.pooled
    accuracy = pooled.hits / pooled.n_eff
    margin = accuracy - pooled.baseline
    level = "NO_DATA" if pooled.newest < day else _level(margin, rejects, limits)
    no_skill = ("NO_SKILL_BASELINE",) if pooled.baseline <= pooled.best + TINY else ()
    return PerformanceMetrics(
        symbol=cell.symbol,
        timeframe=cell.timeframe,
        date=day,
        accuracy=accuracy,
        n_predictions=pooled.n,
        baseline_accuracy=pooled.baseline,
        drift_margin=margin,
        drift_detected=level in ("DRIFT", "EMERGENCY"),
        level=level,
        p_value=found.p_value,
        n_eff=pooled.n_eff,
        data_date=pooled.newest,
        notes=tuple(sorted({*cell.notes, *no_skill})),
    )


def _level(margin: float, rejects: bool | None, limits: Limits) -> str:
    if rejects is None:
        return "INSUFFICIENT_DATA"
    if rejects and margin < -limits["levels.emergency"] - TINY:
        return "EMERGENCY"
    if rejects and margin < -limits["levels.drift"] - TINY:
        return "DRIFT"
    return "MONITOR" if margin < -limits["levels.monitor"] - TINY else "NORMAL"
