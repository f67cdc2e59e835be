"""Intervals of means over rows that depend on their neighbours: whole blocks are drawn again.

One resampler serves all: any statistic of sums (a mean, a ratio, a correlation) is computed from
block sums, so 1,000 resamples cost 1,000 x (n / block) look-ups whatever n.
"""

from __future__ import annotations

import math

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics._rows import same_rows
from augury.core.metrics.uncertainty import Z95
from augury.core.seeds import DEFAULT_SEED, derive
from augury.core.typing import Floats

RESAMPLES = 1000
LEVEL = 0.95


def block_length(n: int, horizon_bars: int) -> int:
    """Length of a block: three times the horizon, at least ``n ** (1/3)``, at most n.

    Outcomes of h bars overlap up to h - 1 rows apart. Blocks of h tear a third of that dependence:
    on random walks (n = 300, h = 5) their 95 % intervals hold the truth in 87.5 % of cases, blocks
    of 3 h, widened by :func:`percentiles`, in 93 %.

    Examples
    --------
    >>> block_length(1500, 5), block_length(1500, 20), block_length(1500, 1), block_length(30, 60)
    (15, 60, 12, 30)
    """
    wanted = max(3 * horizon_bars if horizon_bars > 1 else 1, math.ceil(math.cbrt(n)))
    return max(1, min(n, wanted))


def block_sums(
    values: Floats, block: int, *, resamples: int = RESAMPLES, seed: int = DEFAULT_SEED, purpose: str = "bootstrap"
) -> Floats:
    """Sums of each column over n rows drawn in circular blocks.

    Parameters
    ----------
    values : (n, k)
        In time order.
    block : int
        Rows per block, 1..n; at least the horizon. Blocks wrap around, so that every row is drawn
        equally often (Politis and Romano 1992); the last block is cut to reach n rows exactly.
    resamples : int
        More gives steadier ends.
    seed : int
        Of the run.
    purpose : str
        Names the stream.

    Returns
    -------
    (resamples, k)
    """
    n = len(values)
    if not 1 <= block <= n:
        raise DataError(f"a block of {block} does not fit {n} rows")
    wrapped = np.concatenate([values, values[:block]])
    running = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(wrapped, axis=0)])
    whole, rest = divmod(n, block)
    starts = _stream(seed, purpose).integers(0, n, size=(resamples, whole + (rest > 0)))
    blocks = running[block : block + n] - running[:n]
    # Column by column: a flat gather is several times faster than one of short rows.
    sums = np.column_stack([blocks[:, column][starts[:, :whole]].sum(axis=1) for column in range(values.shape[1])])
    if rest:
        sums += running[starts[:, -1] + rest] - running[starts[:, -1]]
    return sums


def percentiles(draws: Floats, centre: float, blocks: float, level: float = LEVEL) -> tuple[float, float] | None:
    """Ends that hold the middle ``level`` of the draws, widened for the number of blocks.

    Few blocks know their own spread badly: the distance from ``centre`` grows by ``sqrt(k / (k-1))``
    and by what Student's t exceeds the normal with k - 1 degrees (Cornish and Fisher 1938).

    Parameters
    ----------
    draws : (resamples,)
        The statistic on each resample.
    centre : float
        The statistic on the rows themselves.
    blocks : float
        k, rows over block length.
    level : float
        In (0, 1).

    Returns
    -------
    (low, high) or None
        None with 2 blocks or fewer, or when the statistic is undefined on a tenth of the draws.

    Examples
    --------
    >>> [round(end, 2) for end in percentiles(np.linspace(-1, 1, 1001), 0.0, 20)]
    [-1.04, 1.04]
    """
    defined = draws[np.isfinite(draws)]
    if blocks <= 2 or len(defined) < 0.9 * len(draws):
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    free = blocks - 1
    student = 1 + (Z95**2 + 1) / (4 * free) + (5 * Z95**4 + 16 * Z95**2 + 3) / (96 * free**2)
    factor = student * math.sqrt(blocks / free)
    return float(centre + factor * (low - centre)), float(centre + factor * (high - centre))


def bootstrap_mean(
    values: Floats, block: int, *, resamples: int = RESAMPLES, level: float = LEVEL, seed: int = DEFAULT_SEED
) -> tuple[float, float]:
    """Interval of the mean of a dependent series by moving blocks (Künsch 1989).

    Parameters
    ----------
    values : (n,)
        In time order, finite.
    block : int
        Rows per block, at least the horizon.
    resamples, level, seed
        See :func:`block_sums` and :func:`percentiles`.

    Examples
    --------
    >>> low, high = bootstrap_mean(np.tile([0.0, 1.0], 200), 10)
    >>> low <= 0.5 <= high
    True
    """
    n = same_rows("bootstrap_mean", values)
    draws = block_sums(values[:, None], block, resamples=resamples, seed=seed)[:, 0] / n
    ends = percentiles(draws, float(values.mean()), n / block, level)
    if ends is None:
        raise DataError(f"bootstrap_mean needs finite values and more than 2 blocks; {n} rows hold {n / block:.1f}")
    return ends


def bootstrap_difference(
    a: Floats, b: Floats, block: int, *, resamples: int = RESAMPLES, level: float = LEVEL, seed: int = DEFAULT_SEED
) -> tuple[float, float]:
    """Interval of ``mean(a) - mean(b)`` on the same rows: pairs are kept together.

    What both found easy cancels, so the interval is far narrower than that of two separate means.

    Examples
    --------
    >>> a = np.tile([0.0, 1.0], 200)
    >>> bootstrap_difference(a + 0.1, a, 10)
    (0.1..., 0.1...)
    """
    same_rows("bootstrap_difference", a, b)
    return bootstrap_mean(a - b, block, resamples=resamples, level=level, seed=seed)


def _stream(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng(derive(seed, purpose))
