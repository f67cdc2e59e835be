"""Does a higher score go with a higher return? Information coefficients, one definition each.

Negating the scores negates every value here; no sign is ever turned after seeing a result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.core.metrics._rows import NAN, same_rows
from augury.core.typing import Floats

MIN_NAMES = 20
"""Names a day needs before its cross-section counts."""


def ranks(values: Floats) -> Floats:
    """Rank from 1, ties sharing the average of their places.

    Examples
    --------
    >>> ranks(np.array([0.3, 0.1, 0.3, 0.2])).tolist()
    [3.5, 1.0, 3.5, 2.0]
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counts = np.diff(np.append(starts, len(values)))
    placed = np.empty(len(values))
    placed[order] = np.repeat(starts + (counts + 1) / 2, counts)
    return placed


def ic(score: Floats, returns: Floats) -> float:
    """Pearson correlation of score and return, in [-1, 1]; NaN when either never moves.

    Examples
    --------
    >>> round(ic(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.4, 0.3])), 6)
    0.654654
    >>> ic(np.ones(3), np.array([0.1, 0.4, 0.3]))
    nan
    """
    if same_rows("ic", score, returns) < 2 or not (np.ptp(score) > 0 and np.ptp(returns) > 0):
        return NAN
    a, b = score - score.mean(), returns - returns.mean()
    length = float(np.sqrt(a @ a) * np.sqrt(b @ b))
    # A spread too small to square is no spread.
    return min(1.0, max(-1.0, float(a @ b) / length)) if length > 0 else NAN


def rank_ic(score: Floats, returns: Floats) -> float:
    """Spearman correlation: :func:`ic` of the average ranks, in [-1, 1].

    Examples
    --------
    >>> round(rank_ic(np.array([1.0, 2.0, 300.0]), np.array([0.1, 0.2, 0.3])), 12)
    1.0
    """
    if same_rows("rank_ic", score, returns) < 2 or not (np.isfinite(score).all() and np.isfinite(returns).all()):
        return NAN
    return ic(ranks(score), ranks(returns))


def rank_ic_rows(score: Floats, returns: Floats) -> Floats | None:
    """What each row adds to :func:`rank_ic`: the product of its standardised ranks, whose mean it is.

    One symbol has no coefficient a day; this series stands in where one value a row is needed.
    None where the coefficient is undefined.

    Examples
    --------
    >>> score, returns = np.array([1.0, 2.0, 300.0]), np.array([0.1, 0.3, 0.2])
    >>> round(float(rank_ic_rows(score, returns).mean()), 9), round(rank_ic(score, returns), 9)
    (0.5, 0.5)
    """
    if np.isnan(rank_ic(score, returns)):
        return None
    a, b = (ranks(values) - (len(values) + 1) / 2 for values in (score, returns))
    return np.asarray(a * b / np.sqrt(np.mean(a**2) * np.mean(b**2)), dtype=np.float64)


def ic_by_day(
    score: Floats, returns: Floats, days: NDArray[Any], *, ranked: bool = False, min_names: int = MIN_NAMES
) -> Floats:
    """One coefficient a day over the names of that day; days that are too thin are left out.

    Parameters
    ----------
    score, returns : (n,)
        What was said and what came.
    days : (n,)
        Anything sortable that tells the days apart.
    ranked : bool
        Spearman in place of Pearson.
    min_names : int
        Names a day needs, >= 2; smaller keeps more and noisier days.

    Returns
    -------
    (days,)
        In order of time; a day on which the score never moves is left out too.

    Examples
    --------
    >>> days = np.repeat([0, 1], 3)
    >>> ic_by_day(np.array([1.0, 2, 3, 1, 2, 3]), np.array([1.0, 2, 3, 3, 2, 1]), days, min_names=3).round(12).tolist()
    [1.0, -1.0]
    """
    same_rows("ic_by_day", score, returns, days)
    order = np.argsort(days, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], days[order][1:] != days[order][:-1]]))
    metric = rank_ic if ranked else ic
    groups = [rows for rows in np.split(order, starts[1:]) if len(rows) >= min_names]
    values = np.array([metric(score[rows], returns[rows]) for rows in groups], dtype=np.float64)
    return values[~np.isnan(values)]


def icir(daily: Floats) -> float:
    """Mean over standard deviation (n - 1) of daily coefficients, per day; NaN without spread.

    Examples
    --------
    >>> icir(np.array([0.01, 0.03]))
    1.414...
    """
    spread = float(np.std(daily, ddof=1)) if len(daily) > 1 else 0.0
    return float(np.mean(daily)) / spread if spread > 0 else NAN
